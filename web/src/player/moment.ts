/** What stands behind `?t=`: seconds, or like 1h2m3s, or like 1:02:03. Null where it is no moment. */
export function moment(written: string | null | undefined): number | null {
  const text = written?.trim().toLowerCase() ?? '';
  if (text === '') return null;
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  const units = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text);
  if (units) return [3600, 60, 1].reduce((sum, unit, index) => sum + unit * Number(units[index + 1] ?? 0), 0);
  const clock = /^(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)$/.exec(text);
  return clock ? Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3]) : null;
}
