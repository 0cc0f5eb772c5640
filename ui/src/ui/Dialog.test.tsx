import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";

import { Dialog } from "./Dialog";
import { Menu, MenuItem } from "./Menu";

afterEach(cleanup);

function Page() {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Menu trigger={<button>More</button>}>
        <MenuItem onSelect={() => setIsOpen(true)}>Ask</MenuItem>
      </Menu>
      <Dialog isOpen={isOpen} onClose={() => setIsOpen(false)} title="Asked">
        <input aria-label="Reason" autoFocus />
      </Dialog>
    </>
  );
}

it("gives the focus back to the button of the menu that it was opened from", async () => {
  render(<Page />);
  screen.getByRole("button", { name: "More" }).focus();
  await userEvent.keyboard("{Enter}{Enter}");
  expect(document.activeElement).toBe(screen.getByLabelText("Reason"));
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("button", { name: "More" })));
});
