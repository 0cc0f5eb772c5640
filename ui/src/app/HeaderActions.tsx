import { useQueryClient } from "@tanstack/react-query";
import { CircleQuestionMark, LogOut, Monitor, Moon, Plus, Search, Sun, UserRound } from "lucide-react";

import { api, unwrap } from "@/api/client";
import { sessionQuery } from "@/api/queries";
import type { Session } from "@/api/types";
import { HaltMenuItem } from "@/features/halt/HaltMenuItem";
import { PracticeMenuItems } from "@/features/practice/PracticeMenuItems";
import { attempt } from "@/live/actions";
import { store } from "@/live/store";
import { Button, IconButton } from "@/ui/Button";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "@/ui/Menu";
import { chooseTheme, type Theme, useTheme } from "@/ui/theme";
import { useOpenDialog } from "@/ui/useOpenDialog";

/** Makes, finds, and what belongs to whoever is signed in. */
export function HeaderActions({ session }: { readonly session: Session }) {
  const open = useOpenDialog();
  return (
    <>
      <IconButton label="Search and commands (Ctrl K)" onClick={() => open("palette")}>
        <Search size={18} aria-hidden="true" />
      </IconButton>
      {session.may["create_incidents"] === true && (
        <Button variant="primary" icon={<Plus size={16} aria-hidden="true" />} onClick={() => open("new")}>
          <span className="sr-only sm:not-sr-only">New incident</span>
        </Button>
      )}
      <div className="hidden sm:block">
        <ThemeMenu />
      </div>
      <IconButton label="Keys and help" className="hidden sm:inline-flex" onClick={() => open("help")}>
        <CircleQuestionMark size={18} aria-hidden="true" />
      </IconButton>
      <UserMenu session={session} />
    </>
  );
}

const THEMES: readonly { readonly theme: Theme; readonly name: string; readonly Icon: typeof Sun }[] = [
  { theme: "system", name: "As the device", Icon: Monitor },
  { theme: "light", name: "Light", Icon: Sun },
  { theme: "dark", name: "Dark", Icon: Moon },
];

function ThemeMenu() {
  const chosen = useTheme();
  const Current = THEMES.find(({ theme }) => theme === chosen)?.Icon ?? Monitor;
  return (
    <Menu
      trigger={
        <IconButton label="Theme">
          <Current size={18} aria-hidden="true" />
        </IconButton>
      }
    >
      <ThemeItems chosen={chosen} />
    </Menu>
  );
}

function ThemeItems({ chosen }: { readonly chosen: Theme }) {
  return THEMES.map(({ theme, name, Icon }) => (
    <MenuItem
      key={theme}
      icon={<Icon size={16} aria-hidden="true" />}
      onSelect={() => chooseTheme(theme)}
      {...(theme === chosen ? { hint: "chosen" } : {})}
    >
      {name}
    </MenuItem>
  ));
}

function UserMenu({ session }: { readonly session: Session }) {
  const queries = useQueryClient();
  const theme = useTheme();
  const signOut = async (): Promise<void> => {
    const done = await attempt(null, "You are still signed in", async () => {
      await unwrap(api.DELETE("/api/v1/session"));
      return true;
    });
    if (done === null) return;
    store.dispatch({ type: "forget" });
    await queries.resetQueries({ queryKey: sessionQuery.queryKey });
  };
  return (
    <Menu
      trigger={
        <Button variant="ghost" icon={<UserRound size={18} aria-hidden="true" />}>
          <span className="sr-only md:not-sr-only">{session.user}</span>
        </Button>
      }
    >
      <MenuLabel>
        Signed in as {session.user}, namespace {session.namespace}
      </MenuLabel>
      <MenuSeparator />
      <PracticeMenuItems />
      <HaltMenuItem />
      <div className="sm:hidden">
        <MenuSeparator />
        <MenuLabel>Theme</MenuLabel>
        <ThemeItems chosen={theme} />
      </div>
      <MenuSeparator />
      <MenuItem icon={<LogOut size={16} aria-hidden="true" />} onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
