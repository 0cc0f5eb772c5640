import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";

import { Prompt } from "./Prompt";

function show(initial = "") {
  const onClose = vi.fn();
  const field = { label: "Reason", isRequired: true, isLong: true };
  render(
    <Prompt
      title="Why?"
      description=""
      field={field}
      initial={initial}
      confirm="Do it"
      onConfirm={() => Promise.resolve(true)}
      onClose={onClose}
    />,
  );
  return { user: userEvent.setup(), onClose };
}

it("begins at the field", () => {
  show();
  expect(document.activeElement).toBe(screen.getByRole("textbox", { name: "Reason" }));
});

it("asks before it throws away what was typed, by Escape and by Cancel", async () => {
  const { user, onClose } = show();
  await user.keyboard("no");
  await user.keyboard("{Escape}");
  await user.click(screen.getByRole("button", { name: "Keep writing" }));
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(onClose).not.toHaveBeenCalled();
  await user.click(screen.getByRole("button", { name: "Discard" }));
  expect(onClose).toHaveBeenCalledOnce();
});

it("closes at once where nothing was changed, and where it was done", async () => {
  const { user, onClose } = show("as it was");
  await user.keyboard("{Escape}");
  expect(onClose).toHaveBeenCalledOnce();
  await user.keyboard("!");
  await user.click(screen.getByRole("button", { name: "Do it" }));
  expect(onClose).toHaveBeenCalledTimes(2);
});
