"""Who is told of events by webhook, what became of each delivery, and the numbers that events are given"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE analytics.event_numbers (
            only_row boolean CONSTRAINT pk_event_numbers PRIMARY KEY DEFAULT true,
            last_given bigint NOT NULL DEFAULT 0,
            last_forgotten bigint NOT NULL DEFAULT 0,
            CONSTRAINT ck_event_numbers_only_row CHECK (only_row)
        )
        """
    )
    # Events that were numbered before there was this table keep their numbers.
    op.execute(
        "INSERT INTO analytics.event_numbers (last_given) SELECT coalesce(max(seq), 0) FROM analytics.platform_events"
    )
    op.execute(
        """
        CREATE TABLE analytics.webhook_endpoints (
            id uuid CONSTRAINT pk_webhook_endpoints PRIMARY KEY,
            url text NOT NULL,
            types text[] NOT NULL DEFAULT '{}',
            description text,
            generation integer NOT NULL DEFAULT 1,
            previous_until timestamptz,
            enabled boolean NOT NULL DEFAULT true,
            disabled_reason text,
            lease_owner text,
            lease_until timestamptz,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE analytics.webhook_deliveries (
            id uuid CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
            event_id uuid NOT NULL CONSTRAINT fk_webhook_deliveries_event_id_platform_events
                REFERENCES analytics.platform_events ON DELETE CASCADE,
            endpoint_id uuid NOT NULL CONSTRAINT fk_webhook_deliveries_endpoint_id_webhook_endpoints
                REFERENCES analytics.webhook_endpoints ON DELETE CASCADE,
            replay integer NOT NULL DEFAULT 0,
            state text NOT NULL DEFAULT 'pending',
            attempts integer NOT NULL DEFAULT 0,
            not_before timestamptz NOT NULL DEFAULT now(),
            status integer,
            problem text,
            answer text,
            duration_ms integer,
            attempt_log jsonb NOT NULL DEFAULT '[]',
            created_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz,
            CONSTRAINT uq_webhook_deliveries_event_id_endpoint_id_replay UNIQUE (event_id, endpoint_id, replay),
            CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('pending','delivered','failed'))
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_webhook_deliveries_pending ON analytics.webhook_deliveries (endpoint_id, not_before, id)"
        " WHERE state = 'pending'"
    )
    op.execute("CREATE INDEX ix_webhook_deliveries_endpoint_id ON analytics.webhook_deliveries (endpoint_id, id)")


def downgrade() -> None:
    op.execute("DROP TABLE analytics.webhook_deliveries")
    op.execute("DROP TABLE analytics.webhook_endpoints")
    op.execute("DROP TABLE analytics.event_numbers")
