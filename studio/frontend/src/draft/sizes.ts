/** How large boxes are, in pixels. The style sheet draws them so. */
export const STEP_WIDTH = 232;
export const STEP_HEIGHT = 64;
export const WAY_HEIGHT = 26;
export const HEADER = 48;
export const PAD = 24;
export const EMPTY: Size = { width: 280, height: 128 };
/** Between boxes: along the flow, and beside it. There is room for the state of a run below each box. */
export const GAP_ALONG = 72;
export const GAP_BESIDE = 48;
export const GRID = 8;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

export const overlap = (one: Box, other: Box, gap = 0): boolean =>
  one.x < other.x + other.width + gap &&
  other.x < one.x + one.width + gap &&
  one.y < other.y + other.height + gap &&
  other.y < one.y + one.height + gap;
