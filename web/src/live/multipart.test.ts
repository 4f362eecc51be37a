import { describe, expect, it } from "vitest";
import { boundaryOf, MultipartError, MultipartParser, type Part } from "./multipart";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Part) => new TextDecoder().decode(part.body);

function makeStream(parts: { body: string | Uint8Array; length?: boolean }[], newline = "\r\n"): Uint8Array {
  const pieces: Uint8Array[] = [bytes("preamble to skip")];
  for (const { body, length = true } of parts) {
    const content = typeof body === "string" ? bytes(body) : body;
    const size = length ? `Content-Length: ${content.length}${newline}` : "";
    pieces.push(bytes(`${newline}--frame${newline}Content-Type: image/jpeg${newline}${size}X-Camera-Id: cam-1${newline}${newline}`), content);
  }
  pieces.push(bytes(`${newline}--frame--${newline}`));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function parse(stream: Uint8Array, chunk: number): Part[] {
  const parser = new MultipartParser("frame");
  const parts: Part[] = [];
  for (let at = 0; at < stream.length; at += chunk) parts.push(...parser.push(stream.slice(at, at + chunk)));
  return parts;
}

describe("MultipartParser", () => {
  const jpegLike = Uint8Array.from({ length: 3000 }, (_, index) => (index * 7) % 256);
  // Contains the boundary itself: with a length it must not be mistaken for an end.
  const tricky = "begin\r\n--frame\r\nnot a part\r\n\r\nend";

  it.each([1, 2, 3, 7, 64, 1000, 1_000_000])("finds the same parts in chunks of %i bytes", (chunk) => {
    const parts = parse(makeStream([{ body: "first" }, { body: jpegLike }, { body: tricky }, { body: "" }]), chunk);
    expect(parts.map((part) => part.body.length)).toEqual([5, 3000, tricky.length, 0]);
    expect(parts[1]?.body).toEqual(jpegLike);
    expect(text(parts[2] as Part)).toBe(tricky);
  });

  it.each([1, 2, 5, 33, 1_000_000])("reads bodies without a length, in chunks of %i bytes", (chunk) => {
    const parts = parse(makeStream([{ body: "one", length: false }, { body: "two\r\n\r\nlines", length: false }]), chunk);
    expect(parts.map(text)).toEqual(["one", "two\r\n\r\nlines"]);
  });

  it("accepts bare line feeds", () => {
    expect(parse(makeStream([{ body: "one" }, { body: "two", length: false }], "\n"), 4).map(text)).toEqual(["one", "two"]);
  });

  it("gives header names in lower case", () => {
    const [part] = parse(makeStream([{ body: "x" }]), 10);
    expect(part?.headers.get("x-camera-id")).toBe("cam-1");
    expect(part?.headers.get("content-type")).toBe("image/jpeg");
  });

  it("hands out bodies that later chunks do not change", () => {
    const parser = new MultipartParser("frame");
    const [part] = parser.push(bytes("--frame\r\nContent-Length: 3\r\n\r\nabc"));
    parser.push(bytes("\r\n--frame\r\nContent-Length: 3\r\n\r\nxyz"));
    expect(text(part as Part)).toBe("abc");
  });

  it("says nothing after the last boundary", () => {
    const parser = new MultipartParser("frame");
    parser.push(bytes("--frame\r\nContent-Length: 1\r\n\r\na\r\n--frame--"));
    expect(parser.push(bytes("--frame\r\nContent-Length: 1\r\n\r\nb"))).toEqual([]);
  });

  it("refuses headers without an end and bodies beyond all measure", () => {
    expect(() => new MultipartParser("frame").push(bytes(`--frame\r\nX: ${"y".repeat(9000)}`))).toThrow(MultipartError);
    expect(() => new MultipartParser("frame").push(bytes("--frame\r\nContent-Length: 99999999\r\n\r\n"))).toThrow(MultipartError);
  });
});

describe("boundaryOf", () => {
  it.each([
    ["multipart/x-mixed-replace; boundary=frame", "frame"],
    ['multipart/x-mixed-replace; boundary="a b"', "a b"],
    ["multipart/x-mixed-replace;charset=x;boundary=--frame", "frame"],
  ])("%s", (type, boundary) => expect(boundaryOf(type)).toBe(boundary));

  it("refuses a type without one", () => {
    expect(() => boundaryOf("image/jpeg")).toThrow(MultipartError);
    expect(() => boundaryOf(null)).toThrow(MultipartError);
  });
});
