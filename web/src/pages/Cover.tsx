import './cover.css';

/** Where there is no film yet whose picture could be shown, an id draws one, the same on every visit. */
export function Cover({ seed }: { seed: string }) {
  const number = [...seed].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16_777_619) >>> 0, 2_166_136_261);
  const hue = [166, 198, 224, 340, 28][(number >>> 13) % 5] ?? 166;
  const x = 40 + ((number >>> 4) % 5) * 80;
  const rings = 4 + ((number >>> 8) % 3);
  return (
    <svg className="cover" viewBox="0 0 400 200" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect width="400" height="200" fill={`hsl(${hue} 46% 21%)`} />
      <circle cx={x} cy="200" r="170" fill={`hsl(${hue} 44% 27%)`} />
      <circle cx={x} cy="200" r="105" fill={`hsl(${hue} 42% 34%)`} />
      {Array.from({ length: rings }, (_, i) => (
        <circle key={i} cx={x} cy="200" r={34 + i * 36} fill="none" stroke="#ecc274" strokeWidth={i === 0 ? 10 : 1.3} opacity={0.95 - i * 0.14} />
      ))}
    </svg>
  );
}
