interface Meaning {
  /** Text keys; null where the part has no name we know. */
  title: string | null;
  what: string | null;
  advice: string;
}

const parts: [test: RegExp, title: string, what: string, advice: string][] = [
  [/(^|: )(postgres|database)/, 'health.postgres', 'health.postgresWhat', 'health.postgresDo'],
  [/(^|: )migrations/, 'health.migrations', 'health.migrationsWhat', 'health.migrationsDo'],
  [/(^|: )worker|transcoder worker/, 'health.worker', 'health.workerWhat', 'health.workerDo'],
  [/(^|: )redis/, 'health.redis', 'health.redisWhat', 'health.redisDo'],
  [/storage/, 'health.storage', 'health.storageWhat', 'health.storageDo'],
  [/^media$/, 'health.media', 'health.mediaWhat', 'health.serviceDo'],
  [/^transcoder$/, 'health.transcoder', 'health.transcoderWhat', 'health.serviceDo'],
  [/^progress$/, 'health.progress', 'health.progressWhat', 'health.serviceDo'],
];

/** What a line of `/health/ready` is about, and what to do where it is not ok. A part we do not know keeps its own name. */
export function meaningOf(name: string): Meaning {
  const found = parts.find(([test]) => test.test(name));
  if (!found) return { title: null, what: null, advice: 'health.unknownDo' };
  const [, title, what, advice] = found;
  return { title, what, advice };
}
