// The line to Python: sends checked messages, matches answers with requests, and sorts what comes in.

import { parseMessage } from "./parse";
import { type Csv, type Delta, type Details, type Found, type FromPython, type Problem, type Snapshot, type Thumbs, type Tile, type ToPython, VERSION } from "./protocol";

export interface Answered<T> {
  message: T;
  buffers: readonly unknown[];
}
type Answers = { details: Details; thumbs: Thumbs; found: Found; csv: Csv; tile: Tile };

export interface Model {
  get(name: string): unknown;
  set?(name: string, value: unknown): void;
  save_changes?(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBufferView[]): void;
  on(event: string, handler: (...values: never[]) => void): void;
  off(event: string, handler: (...values: never[]) => void): void;
}

export interface Listener {
  snapshot(message: Snapshot, buffers: readonly unknown[]): void;
  delta(message: Delta, buffers: readonly unknown[]): void;
  problem(message: Problem): void;
  malformed(error: Error): void;
}

interface Waiting {
  kind: string;
  resolve(answer: Answered<never> | null): void;
  timer: number;
}

/** How long an answer is awaited: the kernel may be in the middle of a cell. */
const PATIENCE = 120_000;

export class Link {
  /** The name of this window; answers to other windows are not ours. */
  readonly client = `w${Math.random().toString(36).slice(2, 12)}`;
  private next = 1;
  private waiting = new Map<number, Waiting>();
  private readonly onMessage: (content: never, buffers: never) => void;

  constructor(
    private readonly model: Model,
    private readonly listener: Listener,
    private readonly stream: () => string,
  ) {
    this.onMessage = ((content: unknown, buffers: unknown) => this.receive(content, buffers)) as never;
    model.on("msg:custom", this.onMessage);
  }

  send(message: ToPython, buffers: ArrayBufferView[] = []): void {
    this.model.send({ ...message, v: VERSION, client: this.client, stream: this.stream() }, undefined, buffers);
  }

  /** Ask, and wait for the answer; null where a later question of the kind replaced this one, or nobody answers. */
  ask<K extends keyof Answers>(
    kind: K,
    question: (id: number) => ToPython,
    options: { replace: boolean } = { replace: true },
  ): Promise<Answered<Answers[K]> | null> {
    if (options.replace) this.forget(kind);
    const id = this.next++;
    return new Promise((resolve) => {
      const timer = window.setTimeout(() => this.settle(id, null), PATIENCE);
      this.waiting.set(id, { kind, resolve: resolve as Waiting["resolve"], timer });
      this.send(question(id));
    });
  }

  /** Give up waiting for answers of a kind. */
  forget(kind: string): void {
    for (const [id, entry] of this.waiting) if (entry.kind === kind) this.settle(id, null);
  }

  private settle(id: number, answer: Answered<never> | null): void {
    const entry = this.waiting.get(id);
    if (!entry) return;
    this.waiting.delete(id);
    clearTimeout(entry.timer);
    entry.resolve(answer);
  }

  private receive(content: unknown, buffers: unknown): void {
    const parts: readonly unknown[] = Array.isArray(buffers) ? buffers : [];
    let message: FromPython;
    try {
      message = parseMessage(content, parts.length);
    } catch (error) {
      console.warn("instance map: a message from Python was refused:", (error as Error).message);
      this.listener.malformed(error as Error);
      return;
    }
    if (message.kind === "delta") this.listener.delta(message, parts);
    else if (message.to !== "" && message.to !== this.client) return;
    else if (message.kind === "snapshot") this.listener.snapshot(message, parts);
    else if (message.kind === "problem") this.listener.problem(message);
    else if (this.waiting.get(message.id)?.kind === message.kind) this.settle(message.id, { message: message as never, buffers: parts });
  }

  close(): void {
    this.model.off("msg:custom", this.onMessage);
    for (const id of [...this.waiting.keys()]) this.settle(id, null);
  }
}
