import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// jsdom lays nothing out: what Radix asks of a browser is answered with nothing.
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.hasPointerCapture = () => false;
globalThis.ResizeObserver = class {
  observe(): void {
    return undefined;
  }
  unobserve(): void {
    return undefined;
  }
  disconnect(): void {
    return undefined;
  }
};

afterEach(cleanup);
