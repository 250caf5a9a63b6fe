"""Which refusals each call of the public API may give, beyond those that its kind brings along.

By method and path template; each line is a status and its codes. tests/e2e/test_openapi.py holds this against what the
suite really answers.
"""

_ENTITLED = ("403 not_entitled chapter_locked", "404 video_not_found", "503 entitlement_unavailable")
_SESSION = (
    "401 session_invalid session_expired session_revoked",
    "403 ip_changed not_entitled",
    "409 session_superseded",
    "410 video_deleted",
    "503 entitlement_unavailable",
)
_PLAYLIST = (*_SESSION, "404 rendition_not_found key_not_found", "409 video_not_playable", "410 epoch_ended")
_FILM = (
    "400 repeated_field malformed_form upload_interrupted",
    "403 role_required not_your_course",
    "415 unsupported_media_type not_media unsupported_container",
    "422 missing_field invalid_request empty_file",
    "503 storage_unavailable",
    "507 storage_full",
)
_TARGET = (
    "403 role_required not_your_course",
    "404 unknown_chapter video_not_found",
    "409 chapter_has_video",
    "413 too_large course_quota_exceeded",
    "422 missing_field invalid_request",
)
_THEIR_UPLOAD = (
    "403 role_required",
    "404 upload_not_found",
    "409 upload_complete",
    "410 upload_expired upload_ended",
    # Why it came to nothing is said again to whoever asks.
    "413 too_large course_quota_exceeded",
    "415 not_media unsupported_container",
    "422 empty_file",
)
_TUS_UPLOAD = (*_THEIR_UPLOAD, "412 tus_version_unsupported")
_TUS_PATCH = (
    "400 bad_tus_header checksum_unsupported upload_interrupted",
    "403 final_upload",
    "409 offset_conflict",
    "413 upload_too_long",
    "415 unsupported_media_type",
    "460 checksum_mismatch",
    "503 storage_unavailable",
    "507 storage_full",
)
_TUS_CREATE = (
    *_TUS_PATCH,
    "400 not_a_partial_upload",
    "409 upload_incomplete",
    "412 tus_version_unsupported",
    "415 not_media unsupported_container",
    "422 empty_file",
)
_KEPT = ("404 download_gone", "416 range_not_satisfiable", "502 upstream_unavailable", "504 upstream_timeout")
_WEBHOOK = ("403 role_required", "404 webhook_not_found")
_WEBHOOKS = "/api/admin/webhooks"
_JOB = ("403 role_required", "404 job_not_found")
_CAPTIONS = "/api/videos/{video_id}/captions"
_WRITES_CAPTIONS = ("403 role_required not_your_course", "404 video_not_found", "422 unknown_language")
_PLAYBACK = "/api/playback/{credential}"
_UPLOAD = "/api/uploads/{upload_id}"
_CHAPTER = "/api/progress/chapters/{chapter_id}"
_JOBS = "/api/admin/jobs/{job_id}"
_DASHBOARDS = "/api/admin/analytics"
_DASHBOARD = ("403 role_required not_your_course", "422 invalid_request")
_INSTRUCTOR = "/api/admin/courses/{course_id}/instructors/{user_id}"
_ENROLLMENT = "/api/admin/enrollments/{course_id}/{user_id}"

REFUSALS: dict[tuple[str, str], tuple[str, ...]] = {
    ("GET", "/api/demo"): ("404 no_demo",),
    ("POST", "/api/demo/sign-in"): ("404 no_demo",),
    # --- Tokens and sessions
    ("GET", "/api/videos/{video_id}/access-token"): (*_ENTITLED, "409 video_not_playable"),
    ("POST", "/api/access-tokens"): (*_ENTITLED, "403 role_required", "409 video_not_playable"),
    ("GET", "/api/videos/stream"): (
        *_ENTITLED, "401 token_invalid token_spent token_expired", "403 ip_changed", "409 video_not_playable",
        "429 rate_limited",
    ),
    ("GET", f"{_PLAYBACK}/master.m3u8"): _PLAYLIST,
    ("GET", f"{_PLAYBACK}/master_{{quality}}.m3u8"): _PLAYLIST,
    ("GET", f"{_PLAYBACK}/{{rendition}}.m3u8"): _PLAYLIST,
    ("GET", f"{_PLAYBACK}/full/master.m3u8"): _PLAYLIST,
    ("GET", f"{_PLAYBACK}/full/{{rendition}}.m3u8"): _PLAYLIST,
    ("GET", f"{_PLAYBACK}/key/{{epoch}}/{{window}}.key"): (*_SESSION, "403 not_watched_yet", "404 key_not_found"),
    ("GET", f"{_PLAYBACK}/segment/{{rendition}}/{{index}}.ts"): (
        *_SESSION, "404 rendition_not_found segment_not_found", "409 video_not_playable", "503 segment_not_ready",
    ),
    ("GET", f"{_PLAYBACK}/subtitle/{{language}}/{{index}}.vtt"): (
        *_SESSION, "404 rendition_not_found segment_not_found", "409 video_not_playable",
    ),
    ("GET", f"{_PLAYBACK}/availability"): (*_SESSION, "409 video_not_playable"),
    ("POST", f"{_PLAYBACK}/renew"): (*_SESSION, *_ENTITLED, "403 not_your_session"),
    ("POST", f"{_PLAYBACK}/film/renew"): _SESSION,
    ("GET", f"{_PLAYBACK}/film/status"): (*_SESSION, "404 video_not_found"),
    ("GET", f"{_PLAYBACK}/film/progress"): (*_SESSION, "403 role_required", "404 unknown_chapter"),
    ("GET", f"{_PLAYBACK}/film/storyboard.json"): (*_SESSION, "404 video_not_found"),
    ("GET", f"{_PLAYBACK}/film/thumbnails"): (*_SESSION, "404 video_not_found"),
    ("GET", f"{_PLAYBACK}/film/captions/{{language}}.vtt"): (
        *_SESSION, "404 video_not_found captions_not_found", "422 unknown_language",
    ),
    ("POST", f"{_PLAYBACK}/film/analytics"): (
        *_SESSION, "400 request_interrupted", "403 not_your_session", "404 unknown_session", "409 too_many_events",
        "413 too_large", "422 invalid_request missing_field",
    ),
    ("POST", f"{_PLAYBACK}/beat"): (*_SESSION, "400 malformed_beat request_interrupted", "404 unknown_chapter", "413 too_large"),
    # --- Devices, keys for back ends
    ("DELETE", "/api/devices/{device_id}"): ("404 device_not_found",),
    ("DELETE", "/api/sessions/{session_id}"): ("404 session_not_found",),
    ("GET", "/api/admin/users/{user_id}/devices"): ("403 role_required",),
    ("GET", "/api/admin/users/{user_id}/sessions"): ("403 role_required",),
    ("POST", "/api/admin/sessions/revoke"): ("403 role_required",),
    ("GET", "/api/admin/users/{user_id}/export"): (
        "403 role_required", "502 upstream_unavailable", "504 upstream_timeout",
    ),
    ("DELETE", "/api/admin/users/{user_id}"): ("403 role_required", "503 erasure_incomplete"),
    ("GET", "/api/admin/api-keys"): ("403 role_required",),
    ("POST", "/api/admin/api-keys"): ("403 role_required",),
    ("DELETE", "/api/admin/api-keys/{key_id}"): ("403 role_required", "404 api_key_not_found"),
    ("GET", "/api/admin/audit"): ("403 role_required",),
    # --- Films to take home
    ("GET", "/api/videos/{video_id}/download"): (
        *_ENTITLED, *_KEPT, "403 download_off download_after_completion", "404 quality_not_found",
        "409 video_not_ready", "503 download_failed",
    ),
    ("GET", "/api/videos/download"): (
        *_ENTITLED, *_KEPT, "401 token_invalid token_expired",
        "403 ip_changed download_off download_after_completion", "410 video_deleted",
    ),
    ("PUT", "/api/videos/{video_id}/download-policy"): (
        "403 role_required not_your_course", "404 video_not_found",
    ),
    # --- Videos
    ("GET", "/api/admin/videos"): ("403 role_required not_your_course", "422 invalid_request"),
    ("GET", "/api/admin/videos/{video_id}"): ("403 role_required not_your_course", "404 video_not_found"),
    ("PUT", "/api/videos/{video_id}/poster"): (
        "400 request_interrupted", "403 role_required not_your_course", "404 video_not_found no_picture", "413 too_large",
        "415 unsupported_media_type not_a_picture", "409 video_not_playable", "422 missing_field", "503 storage_unavailable", "507 storage_full",
    ),
    ("DELETE", "/api/videos/{video_id}/poster"): ("403 role_required not_your_course", "404 video_not_found"),
    ("GET", "/api/videos/by-content"): ("403 role_required",),
    ("POST", "/api/videos/from-existing"): (
        "403 role_required not_your_course", "404 video_not_found unknown_chapter",
        "409 chapter_has_video source_dropped source_missing", "413 course_quota_exceeded",
    ),
    ("POST", "/api/videos/{video_id}/rollback"): (
        "403 role_required not_your_course", "404 video_not_found", "409 nothing_to_roll_back replacement_in_progress",
    ),
    ("POST", "/api/videos/upload"): (*_FILM, "404 unknown_chapter", "409 chapter_has_video", "413 course_quota_exceeded"),
    ("PUT", "/api/videos/{video_id}/replace"): (*_FILM, "404 video_not_found", "413 course_quota_exceeded"),
    ("POST", "/api/videos/batch-status"): ("403 role_required",),
    ("POST", "/api/videos/ingest"): (
        *_TARGET, "422 invalid_url address_refused host_not_found missing_field", "503 storage_unavailable",
    ),
    # --- Uploads
    ("POST", "/api/uploads"): (*_TARGET, "409 direct_upload_unavailable", "422 empty_file", "503 storage_unavailable"),
    ("GET", _UPLOAD): ("403 role_required", "404 upload_not_found"),
    ("DELETE", _UPLOAD): _THEIR_UPLOAD,
    ("POST", f"{_UPLOAD}/parts"): (*_THEIR_UPLOAD, "409 direct_upload_unavailable"),
    ("GET", f"{_UPLOAD}/parts"): (*_THEIR_UPLOAD, "409 direct_upload_unavailable", "503 storage_unavailable"),
    ("POST", f"{_UPLOAD}/complete"): (
        *_THEIR_UPLOAD, *_TARGET, "409 parts_missing upload_incomplete", "415 not_media unsupported_container",
        "503 storage_unavailable", "507 storage_full",
    ),
    ("POST", "/api/uploads/tus"): (*_TARGET, *_TUS_CREATE),
    ("HEAD", "/api/uploads/tus/{upload_id}"): (*_TARGET, *_TUS_UPLOAD),
    ("PATCH", "/api/uploads/tus/{upload_id}"): (*_TARGET, *_TUS_UPLOAD, *_TUS_PATCH),
    ("DELETE", "/api/uploads/tus/{upload_id}"): (*_TUS_UPLOAD, "409 upload_complete"),
    ("POST", "/api/upload-links"): _TARGET,
    ("GET", "/api/upload-links"): ("403 role_required not_your_course",),
    ("DELETE", "/api/upload-links/{link_id}"): ("403 role_required", "404 link_not_found"),
    ("POST", "/api/upload-links/{token}/upload"): (*_FILM, *_TARGET),
    ("POST", "/api/upload-links/{token}/tus"): (*_TARGET, *_TUS_CREATE),
    ("HEAD", "/api/upload-links/{token}/tus/{upload_id}"): (*_TARGET, *_TUS_UPLOAD),
    ("PATCH", "/api/upload-links/{token}/tus/{upload_id}"): (*_TARGET, *_TUS_UPLOAD, *_TUS_PATCH),
    ("DELETE", "/api/upload-links/{token}/tus/{upload_id}"): (*_TUS_UPLOAD, "409 upload_complete"),
    ("DELETE", "/api/videos/{video_id}"): ("403 role_required not_your_course", "404 video_not_found"),
    ("POST", "/api/videos/{video_id}/analytics"): (
        "403 not_your_session", "404 unknown_session", "409 too_many_events",
    ),
    # --- Captions
    ("GET", f"{_CAPTIONS}/search"): ("422 unknown_language",),
    ("GET", f"{_CAPTIONS}/{{language}}.vtt"): ("404 captions_not_found", "422 unknown_language"),
    ("GET", f"{_CAPTIONS}/{{language}}.srt"): ("404 captions_not_found", "422 unknown_language"),
    ("PUT", f"{_CAPTIONS}/{{language}}"): (
        *_WRITES_CAPTIONS, "415 not_captions", "422 unknown_encoding no_cues bad_timing cue_too_long too_many_cues",
    ),
    ("PATCH", f"{_CAPTIONS}/{{language}}"): (*_WRITES_CAPTIONS, "404 captions_not_found"),
    ("DELETE", f"{_CAPTIONS}/{{language}}"): (*_WRITES_CAPTIONS, "404 captions_not_found"),
    ("POST", f"{_CAPTIONS}/draft"): (
        *_WRITES_CAPTIONS, "409 captions_exist video_not_ready no_sound transcription_off",
    ),
    # --- Courses
    ("GET", "/api/courses/{course_id}"): ("404 course_not_found",),
    ("PUT", "/api/admin/courses/{course_id}"): (
        "403 role_required", "409 chapter_in_other_course chapter_has_video", "422 repeated_chapter",
    ),
    ("GET", "/api/admin/courses/{course_id}/quota"): ("403 role_required", "404 unknown_course"),
    ("PUT", "/api/admin/courses/{course_id}/quota"): ("403 role_required", "404 unknown_course"),
    ("PUT", _INSTRUCTOR): ("403 role_required", "404 course_not_found unknown_course"),
    ("DELETE", _INSTRUCTOR): ("403 role_required",),
    ("GET", "/api/admin/enrollments"): ("403 role_required",),
    ("POST", "/api/admin/enrollments"): ("403 role_required", "422 too_many_rows"),
    ("POST", "/api/admin/enrollments/withdraw"): ("403 role_required", "422 too_many_rows"),
    ("PUT", _ENROLLMENT): ("403 role_required", "404 unknown_course"),
    ("DELETE", _ENROLLMENT): ("403 role_required",),
    # --- Progress
    ("GET", _CHAPTER): ("403 role_required", "404 unknown_chapter"),
    ("PUT", _CHAPTER): ("409 chapter_has_no_video video_not_playable",),
    ("POST", f"{_CHAPTER}/complete"): ("403 completion_is_earned role_required", "404 unknown_chapter"),
    ("POST", f"{_CHAPTER}/reset"): ("403 role_required", "404 unknown_chapter"),
    ("GET", "/api/progress/courses/{course_id}"): ("403 role_required", "404 course_not_found"),
    ("GET", f"{_CHAPTER}/history"): ("403 role_required", "404 unknown_chapter"),
    ("GET", "/api/progress/continue"): ("403 role_required",),
    ("GET", "/api/progress/stats"): ("400 unknown_time_zone", "403 role_required"),
    ("GET", "/api/progress/events"): (
        "403 role_required", "410 cursor_expired", "422 invalid_cursor unknown_event_type",
    ),
    # --- Webhooks, statements
    ("GET", _WEBHOOKS): ("403 role_required",),
    ("POST", _WEBHOOKS): (
        "403 role_required", "409 too_many_webhooks", "422 invalid_url address_refused host_not_found",
    ),
    ("GET", f"{_WEBHOOKS}/{{webhook_id}}"): _WEBHOOK,
    ("PATCH", f"{_WEBHOOKS}/{{webhook_id}}"): (*_WEBHOOK, "422 invalid_url address_refused host_not_found"),
    ("DELETE", f"{_WEBHOOKS}/{{webhook_id}}"): ("403 role_required",),
    ("GET", f"{_WEBHOOKS}/{{webhook_id}}/secret"): _WEBHOOK,
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/rotate-secret"): _WEBHOOK,
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/test"): (*_WEBHOOK, "409 webhook_disabled"),
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/replay"): (*_WEBHOOK, "409 webhook_disabled"),
    ("GET", f"{_WEBHOOKS}/{{webhook_id}}/deliveries"): _WEBHOOK,
    ("POST", f"{_WEBHOOKS}/{{webhook_id}}/deliveries/{{delivery_id}}/replay"): (
        *_WEBHOOK, "404 delivery_not_found", "409 webhook_disabled delivery_pending",
    ),
    ("GET", "/api/admin/statements"): ("403 role_required",),
    # --- Dashboards
    ("GET", f"{_DASHBOARDS}/videos"): _DASHBOARD,
    ("GET", f"{_DASHBOARDS}/chapters"): _DASHBOARD,
    ("GET", f"{_DASHBOARDS}/users/{{user_id}}"): _DASHBOARD,
    ("GET", f"{_DASHBOARDS}/struggling"): _DASHBOARD,
    ("GET", f"{_DASHBOARDS}/matrix/{{course_id}}"): (*_DASHBOARD, "404 course_not_found"),
    ("GET", f"{_DASHBOARDS}/retention/{{video_id}}"): (*_DASHBOARD, "404 video_not_found", "409 video_not_playable"),
    ("GET", f"{_DASHBOARDS}/experience"): _DASHBOARD,
    ("GET", f"{_DASHBOARDS}/bandwidth"): _DASHBOARD,
    # --- Keys of films, jobs
    ("GET", "/api/admin/keys"): ("403 role_required",),
    ("POST", "/api/admin/keys/rotate"): ("403 role_required", "404 video_not_found", "409 video_not_ready"),
    ("POST", "/api/admin/keys/rewrap"): ("403 role_required", "409 master_key_missing"),
    ("GET", "/api/admin/storage"): ("403 role_required",),
    ("POST", "/api/admin/storage/reconcile"): ("403 role_required",),
    ("GET", "/api/admin/costs"): ("403 role_required",),
    ("GET", "/api/admin/jobs"): ("403 role_required",),
    ("GET", "/api/admin/workers"): ("403 role_required",),
    ("GET", _JOBS): _JOB,
    ("POST", f"{_JOBS}/cancel"): (*_JOB, "409 job_ended"),
    ("POST", f"{_JOBS}/pause"): (*_JOB, "409 job_ended"),
    ("POST", f"{_JOBS}/resume"): (*_JOB, "409 job_ended"),
    ("PUT", f"{_JOBS}/priority"): (*_JOB, "409 job_ended"),
    ("POST", f"{_JOBS}/retry"): (*_JOB, "404 chunk_not_found rendition_not_found", "409 job_running video_gone source_dropped"),
}  # fmt: skip
