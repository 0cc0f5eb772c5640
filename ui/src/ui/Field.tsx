import { clsx } from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

interface FieldProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly className?: string;
}

const BOX =
  "w-full rounded-md border border-edge bg-raised px-2.5 text-sm text-ink placeholder:text-faint aria-[invalid=true]:border-danger";

interface Wiring {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
}

function Frame({
  label,
  hint,
  error,
  className,
  children,
}: FieldProps & { readonly children: (w: Wiring) => ReactNode }) {
  const id = useId();
  const told = [hint === undefined ? "" : `${id}-hint`, error === undefined ? "" : `${id}-error`].filter(Boolean);
  return (
    <div className={clsx("flex flex-col gap-1", className)}>
      <label htmlFor={id} className="label">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": told.join(" ") || undefined,
        "aria-invalid": error === undefined ? undefined : true,
      })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-xs text-faint">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} role="alert" className="text-xs font-semibold text-danger">
          {error}
        </p>
      )}
    </div>
  );
}

/** A line of text with its label. */
export function TextField({ label, hint, error, className, ...input }: FieldProps & ComponentProps<"input">) {
  return (
    <Frame {...frame(label, hint, error, className)}>
      {(wiring) => <input {...wiring} {...input} className={clsx(BOX, "min-h-9")} />}
    </Frame>
  );
}

/** Several lines of text with their label. */
export function TextArea({ label, hint, error, className, ...input }: FieldProps & ComponentProps<"textarea">) {
  return (
    <Frame {...frame(label, hint, error, className)}>
      {(wiring) => <textarea rows={3} {...wiring} {...input} className={clsx(BOX, "py-2")} />}
    </Frame>
  );
}

/** One of several with its label; the browser's own, which works everywhere. */
function SelectField({ label, hint, error, className, ...input }: FieldProps & ComponentProps<"select">) {
  return (
    <Frame {...frame(label, hint, error, className)}>
      {(wiring) => <select {...wiring} {...input} className={clsx(BOX, "min-h-9")} />}
    </Frame>
  );
}

interface ChoiceFieldProps<T extends string> extends FieldProps {
  readonly value: T;
  readonly options: readonly (readonly [value: T, word: string])[];
  readonly onChoose: (value: T) => void;
  /** By which a form finds it. */
  readonly "data-field"?: string;
}

/** One of options that are told as pairs of value and word. */
export function ChoiceField<T extends string>({ value, options, onChoose, ...field }: ChoiceFieldProps<T>) {
  const choose = (chosen: string): void => {
    const option = options.find(([each]) => each === chosen);
    if (option !== undefined) onChoose(option[0]);
  };
  return (
    <SelectField value={value} onChange={(event) => choose(event.target.value)} {...field}>
      {options.map(([option, word]) => (
        <option key={option} value={option}>
          {word}
        </option>
      ))}
    </SelectField>
  );
}

function frame(
  label: ReactNode,
  hint: ReactNode,
  error: string | undefined,
  className: string | undefined,
): FieldProps {
  return {
    label,
    ...(hint === undefined ? {} : { hint }),
    ...(error === undefined ? {} : { error }),
    ...(className === undefined ? {} : { className }),
  };
}
