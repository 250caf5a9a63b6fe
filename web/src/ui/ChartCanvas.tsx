import {
  BarController,
  BarElement,
  CategoryScale,
  Chart as ChartJs,
  Filler,
  Legend,
  LineController,
  LineElement,
  LinearScale,
  PointElement,
  Tooltip,
  type ChartConfiguration,
  type ChartDataset,
  type Plugin,
} from 'chart.js';
import { useEffect, useRef } from 'react';
import { count } from '../i18n/format';
import type { ChartProps, Tone } from './Chart';

ChartJs.register(BarController, BarElement, CategoryScale, Filler, Legend, LineController, LineElement, LinearScale, PointElement, Tooltip);

const tones: Tone[] = ['accent', 'brass', 'danger'];
const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The picture alone; `Chart` says what it shows. Drawn anew when the theme changes, since a canvas knows no CSS. */
export default function ChartCanvas({ theme, ...props }: ChartProps & { theme: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<ChartJs | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const { kind, labels, series, max, stacked, marker, axis, format } = props;

  useEffect(() => {
    if (!canvas.current) return undefined;
    const pick = (index: number): void => latest.current.onPick?.(index);
    const made = new ChartJs(canvas.current, configuration({ ...latest.current, kind, labels, series, max, stacked, axis, format }, pick, () => latest.current.marker));
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, [kind, labels, series, max, stacked, axis, format, theme]);

  useEffect(() => {
    chart.current?.draw();
  }, [marker]);

  return <canvas ref={canvas} />;
}

function configuration(props: ChartProps, pick: (index: number) => void, marker: () => number | null | undefined): ChartConfiguration<'line' | 'bar'> {
  const { kind, labels, series, max, stacked, onPick, format = count } = props;
  // Of one view there is no half; nor are there two lines that say "1".
  const whole = series.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)));
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    type: kind,
    data: { labels, datasets: series.map((_, number) => dataset(props, number)) },
    plugins: [markerLine(marker)],
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: calm ? false : { duration: 280 },
      interaction: { mode: 'index', intersect: false },
      onClick: (_, hit) => hit[0] && pick(hit[0].index),
      onHover: (event, hit) => {
        const target = event.native?.target;
        if (target instanceof HTMLElement) target.style.cursor = onPick && hit.length > 0 ? 'pointer' : 'default';
      },
      font: { family: token('--font') },
      scales: {
        x: { stacked, grid: { display: false }, border: { color: token('--line') }, ticks: { color: token('--ink-3'), maxRotation: 0, autoSkipPadding: 16 } },
        y: {
          stacked,
          beginAtZero: true,
          max,
          border: { display: false },
          grid: { color: token('--line') },
          ticks: { color: token('--ink-3'), maxTicksLimit: 6, ...(whole ? { precision: 0 } : {}), callback: (value) => format(Number(value)) },
        },
      },
      plugins: {
        legend: { display: series.length > 1, position: 'bottom', labels: { color: token('--ink-2'), boxWidth: 12, boxHeight: 12 } },
        tooltip: {
          backgroundColor: token('--ink'),
          titleColor: token('--bg'),
          bodyColor: token('--bg'),
          padding: 10,
          callbacks: { label: (item) => ` ${item.dataset.label}: ${format(Number(item.parsed.y))}` },
        },
      },
    },
  };
}

function dataset({ kind, series, labels }: ChartProps, number: number): ChartDataset<'line' | 'bar'> {
  const { label, values, tone = tones[number % tones.length]! } = series[number]!;
  const colour = token(`--${tone}`);
  const common = { label, data: values, borderColor: colour };
  if (kind === 'bar') return { ...common, backgroundColor: colour, borderRadius: 3, maxBarThickness: 48 };
  return {
    ...common,
    backgroundColor: `${colour}24`,
    borderWidth: 2,
    fill: series.length === 1,
    pointRadius: labels.length > 40 ? 0 : 3,
    pointHitRadius: 12,
    pointBackgroundColor: colour,
    tension: 0.2,
  };
}

/** Where the film is now, across the curve. */
function markerLine(place: () => number | null | undefined): Plugin<'line' | 'bar'> {
  return {
    id: 'marker',
    afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const at = place();
      const x = scales['x'];
      if (at === null || at === undefined || !x) return;
      const whole = Math.floor(at);
      const from = x.getPixelForValue(whole);
      const to = x.getPixelForValue(Math.min(whole + 1, x.max));
      const left = Math.min(chartArea.right, from + (to - from) * (at - whole));
      ctx.save();
      ctx.strokeStyle = token('--danger');
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.moveTo(left, chartArea.top);
      ctx.lineTo(left, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };
}
