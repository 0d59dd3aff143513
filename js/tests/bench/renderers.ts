// For benchmarks/map/renderers.py: the same points drawn by our raster and by regl-scatterplot, turn and turn about.

import createScatterplot from "regl-scatterplot";
import { FULL } from "../../src/map/data/pick";
import { Raster, type Scene } from "../../src/map/scatter/raster";
import { randoms } from "../golden";

const [WIDTH, HEIGHT] = [700, 420];
const COLORS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c6d1f", "#5f5f5f", "#7a52a0", "#b4495b"];

interface Result {
  fps: number;
  cost: number;
}
interface Drawer {
  first(): Promise<void>;
  move(i: number): void;
  close(): void;
}

function points(n: number): { x: Float32Array; y: Float32Array; label: Uint16Array } {
  const random = randoms(1);
  const made = { x: new Float32Array(n), y: new Float32Array(n), label: new Uint16Array(n) };
  for (let i = 0; i < n; i++) {
    made.x[i] = random();
    made.y[i] = (random() + random() + random()) / 3;
    made.label[i] = Math.floor(random() * 10);
  }
  return made;
}

function canvas(): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.width = WIDTH;
  made.height = HEIGHT;
  made.style.width = `${WIDTH}px`;
  made.style.height = `${HEIGHT}px`;
  document.body.append(made);
  return made;
}

function ours(n: number): Drawer {
  const data = points(n);
  const target = canvas();
  const raster = new Raster(WIDTH, HEIGHT);
  const image = new ImageData(new Uint8ClampedArray(raster.pixels.buffer as ArrayBuffer), WIDTH, HEIGHT);
  const scene: Scene = {
    xs: Uint16Array.from(data.x, (v) => v * 65534),
    ys: Uint16Array.from(data.y, (v) => v * 65534),
    from: null,
    progress: 1,
    codes: data.label,
    lut: Uint32Array.from(COLORS, (hex) => Number.parseInt(hex.slice(1), 16)),
    sizes: null,
    labels: null,
    level: new Uint8Array(n).fill(FULL),
    dim: 0,
    transform: { ax: WIDTH / 65534, bx: 0, ay: -HEIGHT / 65534, by: HEIGHT },
    ratio: 1,
  };
  const draw = (): void => {
    raster.draw(scene);
    target.getContext("2d")?.putImageData(image, 0, 0);
  };
  return {
    first: async () => draw(),
    move: (i) => {
      scene.transform = { ...scene.transform, bx: 20 * Math.sin(i / 9) };
      draw();
    },
    close: () => target.remove(),
  };
}

function regl(n: number): Drawer {
  const data = points(n);
  const target = canvas();
  const plot = createScatterplot({ canvas: target, width: WIDTH, height: HEIGHT, pointSize: 2, colorBy: "valueA", pointColor: COLORS, opacity: 0.7 } as never);
  const pixel = new Uint8Array(4);
  const gl = (plot.get("regl") as unknown as { _gl: WebGLRenderingContext })._gl;
  // reading a pixel waits until everything is really drawn
  const finish = (): void => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  const camera = plot.get("camera") as unknown as { pan(by: [number, number]): void };
  return {
    first: async () => {
      await plot.draw({ x: data.x.map((v) => 2 * v - 1), y: data.y.map((v) => 2 * v - 1), z: Float32Array.from(data.label) } as never);
      finish();
    },
    move: (i) => {
      camera.pan([0.01 * Math.sin(i / 9), 0]);
      plot.redraw();
      finish();
    },
    close: () => {
      plot.destroy();
      target.remove();
    },
  };
}

const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));

async function moving(drawer: Drawer, seconds: number): Promise<Result> {
  const costs: number[] = [];
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) {
    const before = performance.now();
    drawer.move(costs.length);
    costs.push(performance.now() - before);
    await frame();
  }
  const spent = (performance.now() - start) / 1000;
  costs.sort((a, b) => a - b);
  return { fps: costs.length / spent, cost: costs[costs.length >> 1]! };
}

async function measure(kind: "ours" | "regl", n: number, seconds: number): Promise<Result & { first: number }> {
  const drawer = (kind === "ours" ? ours : regl)(n);
  await frame();
  const before = performance.now();
  await drawer.first();
  const first = performance.now() - before;
  const result = await moving(drawer, seconds);
  drawer.close();
  return { ...result, first };
}

Object.assign(globalThis, { measure });
