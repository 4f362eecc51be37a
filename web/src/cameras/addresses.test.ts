import { expect, test } from "vitest";
import { sameAddress } from "./addresses";

test("another password is the same camera, another host, port or path is not", () => {
  const was = "rtsp://10.0.0.8:554/stream1";
  expect(sameAddress(" rtsp://user:p@ss@10.0.0.8:554/stream1 ", was)).toBe(true);
  for (const other of ["rtsp://10.0.0.9:554/stream1", "rtsp://10.0.0.8:555/stream1", "rtsp://10.0.0.8:554/stream2", "rtsps://10.0.0.8:554/stream1"]) {
    expect(sameAddress(other, was)).toBe(false);
  }
});
