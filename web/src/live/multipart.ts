/** An incremental parser of `multipart/x-mixed-replace`, as plain state: bytes in, whole parts out. */

export interface Part {
  /** Names in lower case. */
  headers: Map<string, string>;
  body: Uint8Array;
}

export class MultipartError extends Error {
  override readonly name = "MultipartError";
}

const CR = 13;
const LF = 10;
const MOST_HEADER_BYTES = 8 * 1024;
const MOST_BODY_BYTES = 8 * 1024 * 1024;

/** The boundary named by a Content-Type; MultipartError when there is none. */
export function boundaryOf(contentType: string | null): string {
  const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType ?? "");
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw new MultipartError(`no boundary in "${contentType ?? ""}"`);
  // Some servers write the leading dashes into the parameter too.
  return boundary.replace(/^--/, "");
}

export class MultipartParser {
  private buffer = new Uint8Array(64 * 1024);
  private length = 0;
  /** Headers of the part whose body is being read; null while looking for the next boundary. */
  private headers: Map<string, string> | null = null;
  /** Bytes of the buffer already searched for a boundary in vain. */
  private searched = 0;
  private ended = false;
  private readonly delimiter: Uint8Array;

  constructor(boundary: string) {
    this.delimiter = new TextEncoder().encode(`--${boundary}`);
  }

  /** Parts that `chunk` completes, oldest first. MultipartError when the stream is not what it says. */
  push(chunk: Uint8Array): Part[] {
    this.append(chunk);
    const parts: Part[] = [];
    while (!this.ended) {
      if (this.headers === null && !this.readHead()) break;
      const body = this.readBody();
      if (body === null) break;
      parts.push({ headers: this.headers ?? new Map(), body });
      this.headers = null;
    }
    return parts;
  }

  private append(chunk: Uint8Array): void {
    const needed = this.length + chunk.length;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.length);
    this.length = needed;
  }

  /** Boundary line and headers. False when they are not all here yet. */
  private readHead(): boolean {
    const start = this.find(this.delimiter, 0);
    if (start < 0) {
      // Preamble or line ends between parts: keep only what may be the start of a boundary.
      this.drop(Math.max(0, this.length - this.delimiter.length));
      return false;
    }
    const afterDelimiter = start + this.delimiter.length;
    if (this.length < afterDelimiter + 2) return false;
    if (this.buffer[afterDelimiter] === 45 && this.buffer[afterDelimiter + 1] === 45) {
      this.ended = true;
      return false;
    }
    const end = this.findHeadEnd(afterDelimiter);
    if (end === null) {
      if (this.length - start > MOST_HEADER_BYTES) throw new MultipartError("a part's headers do not end");
      return false;
    }
    this.headers = parseHeaders(this.buffer.subarray(afterDelimiter, end.at));
    this.drop(end.at + end.size);
    return true;
  }

  private readBody(): Uint8Array | null {
    const announced = Number(this.headers?.get("content-length") ?? NaN);
    if (Number.isInteger(announced) && announced >= 0) {
      if (announced > MOST_BODY_BYTES) throw new MultipartError(`a part of ${announced} bytes`);
      return this.length < announced ? null : this.take(announced, announced);
    }
    // Without a length the body ends at the line end before the next boundary.
    const next = this.find(this.delimiter, this.searched);
    if (next < 0) {
      if (this.length > MOST_BODY_BYTES) throw new MultipartError("a part does not end");
      this.searched = Math.max(0, this.length - this.delimiter.length);
      return null;
    }
    let end = next;
    if (end > 0 && this.buffer[end - 1] === LF) end -= 1;
    if (end > 0 && this.buffer[end - 1] === CR) end -= 1;
    return this.take(end, next);
  }

  private take(size: number, consumed: number): Uint8Array {
    const body = this.buffer.slice(0, size);
    this.drop(consumed);
    return body;
  }

  private drop(count: number): void {
    this.buffer.copyWithin(0, count, this.length);
    this.length -= count;
    this.searched = 0;
  }

  private find(needle: Uint8Array, from: number): number {
    const first = needle[0] as number;
    const last = this.length - needle.length;
    for (let at = this.buffer.indexOf(first, from); at >= 0 && at <= last; at = this.buffer.indexOf(first, at + 1)) {
      let same = 1;
      while (same < needle.length && this.buffer[at + same] === needle[same]) same += 1;
      if (same === needle.length) return at;
    }
    return -1;
  }

  /** Where the blank line after the headers begins, and its size; lines end with CRLF or LF. */
  private findHeadEnd(from: number): { at: number; size: number } | null {
    for (let at = this.buffer.indexOf(LF, from); at >= 0 && at < this.length; at = this.buffer.indexOf(LF, at + 1)) {
      if (at + 1 < this.length && this.buffer[at + 1] === LF) return { at, size: 2 };
      if (at + 2 < this.length && this.buffer[at + 1] === CR && this.buffer[at + 2] === LF) return { at, size: 3 };
    }
    return null;
  }
}

function parseHeaders(bytes: Uint8Array): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of new TextDecoder().decode(bytes).split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
