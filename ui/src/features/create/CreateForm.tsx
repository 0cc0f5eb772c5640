import { type SyntheticEvent, useId, useRef } from "react";

import { Button } from "@/ui/Button";
import { CloseButton, Dialog } from "@/ui/Dialog";

import { CustomFields } from "./CustomFields";
import { isTouched } from "./draft";
import { How, Kind, What, Who } from "./parts";
import { Systems } from "./Systems";
import { useCreate } from "./useCreate";

/** Reports an incident. What was typed is only thrown away after asking. */
export default function CreateForm({ onClose }: { readonly onClose: () => void }) {
  const create = useCreate();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const first = useRef<HTMLInputElement>(null);

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const wrong = await create.submit();
    if (wrong !== null) focusField(form.current, wrong);
  };

  return (
    <Dialog
      isOpen
      onClose={onClose}
      isDirty={isTouched(create.draft)}
      closesOutside={false}
      initialFocus={first}
      title="New incident"
      description="For what a person noticed. Damage to the systems here is detected without you."
      footer={
        <>
          <Trouble text={create.trouble} />
          <CloseButton>Cancel</CloseButton>
          <Button type="submit" form={id} variant="primary" isBusy={create.isBusy}>
            Report it
          </Button>
        </>
      }
    >
      <form id={id} ref={form} noValidate className="flex flex-col gap-5" onSubmit={(event) => void submit(event)}>
        <What create={create} first={first} />
        <Kind create={create} />
        <Systems create={create} />
        <Who create={create} />
        <How create={create} />
        <CustomFields create={create} />
      </form>
    </Dialog>
  );
}

function Trouble({ text }: { readonly text: string }) {
  if (text === "") return null;
  return (
    <p role="alert" className="mr-auto min-w-0 basis-full text-sm font-semibold text-danger sm:grow sm:basis-0">
      {text}
    </p>
  );
}

/** The first field that is wrong; a group is led to by its first control. */
function focusField(form: HTMLFormElement | null, name: string): void {
  const field = form?.querySelector<HTMLElement>(`[data-field="${name}"]`);
  const control =
    field?.matches("input, textarea, select") === true
      ? field
      : field?.querySelector<HTMLElement>("input, textarea, select, button");
  control?.focus();
}
