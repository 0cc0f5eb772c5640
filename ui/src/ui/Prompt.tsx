import { type ReactNode, type SyntheticEvent, useId, useState } from "react";

import { Button } from "./Button";
import { CloseButton, Dialog } from "./Dialog";
import { TextField } from "./Field";
import { ReasonArea } from "./ReasonArea";
import { useBusy } from "./useBusy";

export interface PromptProps {
  readonly title: string;
  readonly description: string;
  /** What is to be typed; null where only a yes is needed. */
  readonly field: { readonly label: string; readonly isRequired: boolean; readonly isLong: boolean } | null;
  readonly initial?: string;
  readonly confirm: string;
  readonly isDanger?: boolean;
  /** Gives whether it was done; where it was not, what was typed stays. */
  readonly onConfirm: (text: string) => Promise<boolean>;
  readonly onClose: () => void;
  /** What has to be known before. */
  readonly children?: ReactNode;
}

/** A small dialog that asks for one line or a yes. */
export function Prompt(props: PromptProps) {
  const { title, description, field, initial = "", confirm, isDanger = false, onConfirm, onClose, children } = props;
  const form = useId();
  const [text, setText] = useState(initial);
  const [isBusy, busy] = useBusy();
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (await busy(() => onConfirm(text.trim()))) onClose();
  };
  const isMissing = field?.isRequired === true && text.trim() === "";
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      description={description}
      size="sm"
      closesOutside={field === null}
      isDirty={text !== initial}
      footer={
        <>
          <CloseButton>Cancel</CloseButton>
          <Button
            type="submit"
            form={form}
            variant={isDanger ? "danger" : "primary"}
            isBusy={isBusy}
            disabled={isMissing}
          >
            {confirm}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={(event) => void submit(event)}>
        {children}
        {field !== null && <Answer field={field} text={text} onChange={setText} />}
      </form>
    </Dialog>
  );
}

interface AnswerProps {
  readonly field: NonNullable<PromptProps["field"]>;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function Answer({ field, text, onChange }: AnswerProps) {
  const label = field.isRequired ? field.label : `${field.label} (optional)`;
  return field.isLong ? (
    <ReasonArea
      label={label}
      value={text}
      required={field.isRequired}
      autoFocus
      onChange={(event) => onChange(event.target.value)}
    />
  ) : (
    <TextField
      autoFocus
      label={label}
      value={text}
      required={field.isRequired}
      maxLength={63}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
