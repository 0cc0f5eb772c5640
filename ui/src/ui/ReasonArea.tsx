import type { ComponentProps } from "react";

import { TextArea } from "./Field";

/** As many characters as the API takes. */
const MOST = 1024;
const NEAR = 100;
const STEP = 25;

interface ReasonAreaProps extends Omit<ComponentProps<typeof TextArea>, "maxLength" | "value" | "hint"> {
  readonly value: string;
  readonly hint?: string;
}

/** A reason, which says how much room is left when there is little. */
export function ReasonArea({ value, hint = "", ...rest }: ReasonAreaProps) {
  const left = MOST - value.length;
  const isNear = left <= NEAR;
  return (
    <TextArea
      {...rest}
      value={value}
      maxLength={MOST}
      hint={
        <>
          {hint} {isNear && <span className="tabular">{leftWord(left)}</span>}
          <span role="status" className="sr-only">
            {isNear && `At most ${leftWord(Math.ceil(left / STEP) * STEP)}`}
          </span>
        </>
      }
    />
  );
}

function leftWord(left: number): string {
  return `${left} ${left === 1 ? "character" : "characters"} left.`;
}
