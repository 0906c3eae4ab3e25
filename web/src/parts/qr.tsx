// SPDX-License-Identifier: Apache-2.0
// A QR code, black on white in either colour scheme: scanners need it so.
import qrcode from "qrcode-generator";
import { useMemo } from "react";

export function Qr({ text, label }: { text: string; label: string }) {
  const { size, shape } = useMemo(() => {
    const code = qrcode(0, "M");
    code.addData(text);
    code.make();
    const count = code.getModuleCount();
    let path = "";
    for (let y = 0; y < count; y += 1) for (let x = 0; x < count; x += 1) if (code.isDark(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
    return { size: count + 8, shape: path };
  }, [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={shape} fill="#000" />
    </svg>
  );
}
