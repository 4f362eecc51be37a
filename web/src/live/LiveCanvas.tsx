import { useEffect, useRef } from "react";
import { liveFeed } from "./liveFeed";
import { drawFrame, type Layers } from "./overlay";

/** Canvas pixels beyond two for one CSS pixel cost time and show nothing. */
const MOST_DPR = 2;

interface Props {
  cameraId: string;
  layers: Layers;
  label: string;
  /** False for a still now and then. */
  moves?: boolean;
  /** Told of each frame drawn: how many so far, and how many people are drawn on it. */
  onDrawn?: (frames: number, people: number) => void;
}

/** The newest frame of a camera with what was seen in it. */
export function LiveCanvas({ cameraId, layers, label, moves = true, onDrawn }: Props) {
  const ref = useRef<HTMLCanvasElement>(null);
  const latest = useRef({ layers, onDrawn });
  const dirty = useRef(true);
  latest.current.onDrawn = onDrawn;
  if (latest.current.layers !== layers) {
    latest.current.layers = layers;
    dirty.current = true;
  }

  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d", { alpha: false });
    if (!canvas || !context) return;
    const dpr = Math.min(window.devicePixelRatio || 1, MOST_DPR);
    const resized = new ResizeObserver(() => {
      canvas.width = Math.round(canvas.clientWidth * dpr);
      canvas.height = Math.round(canvas.clientHeight * dpr);
      dirty.current = true;
    });
    resized.observe(canvas);
    let drawn = -1;
    let frames = 0;
    const unwatch = liveFeed.watch(cameraId, (frame) => {
      if (frame.number === drawn && !dirty.current) return;
      drawFrame(context, frame.picture, frame.analysis, latest.current.layers, dpr);
      dirty.current = false;
      if (frame.number === drawn) return;
      drawn = frame.number;
      frames += 1;
      latest.current.onDrawn?.(frames, frame.analysis?.persons.length ?? 0);
    }, moves);
    return () => {
      unwatch();
      resized.disconnect();
      context.fillStyle = "#07090b";
      context.fillRect(0, 0, canvas.width, canvas.height);
    };
  }, [cameraId, moves]);

  return <canvas ref={ref} role="img" aria-label={label} />;
}
