// SPDX-License-Identifier: Apache-2.0
// Counts over time as bars.

export function Spark({ values, label }: { values: number[]; label: string }) {
  const most = Math.max(1, ...values);
  return (
    <svg className="spark" viewBox={`0 0 ${values.length * 10} 60`} preserveAspectRatio="none" role="img" aria-label={label}>
      <line x1="0" y1="59.5" x2={values.length * 10} y2="59.5" className="base" />
      {values.map((value, at) => (value > 0 ? <rect key={at} x={at * 10 + 1} y={60 - Math.max(3, (value / most) * 58)} width="8" height={Math.max(3, (value / most) * 58)} /> : null))}
    </svg>
  );
}
