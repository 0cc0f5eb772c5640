import { ListFilter, Search, X } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "wouter";

import type { IncidentType } from "@/api/types";
import { SEVERITIES, SEVERITY_WORD, TYPE_WORD } from "@/lib/words";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Menu, MenuChoice } from "@/ui/Menu";

import { collectChoices, type Filters, isFiltering, type Sort, SORTS } from "./filters";

const SORT_WORD: Record<Sort, string> = {
  newest: "Newest first",
  oldest: "Oldest first",
  severity: "Worst first",
  updated: "Changed last first",
};

/** Search, filters and order; all of it is in the address, so that it can be shared and remembered. */
export function FilterBar({ filters }: { readonly filters: Filters }) {
  const incidents = useLive((state) => state.incidents);
  const choices = useMemo(() => collectChoices([...incidents.values()]), [incidents]);
  const [, setParams] = useSearchParams();
  const set = (name: string, values: readonly string[]): void => {
    setParams(
      (params) => {
        params.delete(name);
        for (const value of values) params.append(name, value);
        return params;
      },
      { replace: true },
    );
  };
  const clear = (): void => {
    for (const name of ["q", "severity", "team", "system", "type", "mine"]) set(name, []);
  };
  return (
    <search aria-label="Filters" className="flex flex-wrap items-center gap-2 pt-3">
      <SearchBox text={filters.text} onChange={(text) => set("q", text === "" ? [] : [text])} />
      <Choice
        name="Severity"
        chosen={filters.severities}
        options={SEVERITIES.map((severity) => [severity, `${severity} ${SEVERITY_WORD[severity]}`] as const)}
        onChange={(values) => set("severity", values)}
      />
      <Choice
        name="Team"
        chosen={filters.teams}
        options={same(choices.teams, filters.teams)}
        onChange={(v) => set("team", v)}
      />
      <Choice
        name="System"
        chosen={filters.systems}
        options={same(choices.systems, filters.systems)}
        onChange={(values) => set("system", values)}
      />
      <Choice
        name="Type"
        chosen={filters.types}
        options={(Object.keys(TYPE_WORD) as IncidentType[]).map((type) => [type, TYPE_WORD[type]] as const)}
        onChange={(values) => set("type", values)}
      />
      <Button
        aria-pressed={filters.isMine}
        onClick={() => set("mine", filters.isMine ? [] : [""])}
        className="aria-pressed:border-accent aria-pressed:text-accent"
      >
        Mine
      </Button>
      {isFiltering(filters) && (
        <Button variant="ghost" icon={<X size={14} aria-hidden="true" />} onClick={clear}>
          Clear
        </Button>
      )}
      <Order sort={filters.sort} onChange={(sort) => set("sort", sort === "newest" ? [] : [sort])} />
    </search>
  );
}

function Order({ sort, onChange }: { readonly sort: Sort; readonly onChange: (sort: string) => void }) {
  return (
    <label className="ml-auto flex items-center gap-2 text-sm text-muted">
      <span className="sr-only">Order</span>
      <select
        value={sort}
        onChange={(event) => onChange(event.target.value)}
        className="min-h-9 rounded-md border border-line bg-raised px-2 text-sm font-semibold text-ink"
      >
        {SORTS.map((each) => (
          <option key={each} value={each}>
            {SORT_WORD[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

function same(values: readonly string[], chosen: readonly string[]): readonly (readonly [string, string])[] {
  return [...new Set([...values, ...chosen])].map((value) => [value, value] as const);
}

function SearchBox({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  return (
    <div className="relative w-full sm:w-56">
      <Search
        size={15}
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-faint"
      />
      <input
        type="search"
        data-search
        aria-label="Search the board"
        aria-keyshortcuts="/"
        placeholder="Search  /"
        value={text}
        onChange={(event) => onChange(event.target.value)}
        className="min-h-9 w-full rounded-md border border-line bg-raised pr-2 pl-8 text-sm placeholder:text-faint"
      />
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly name: string;
  readonly chosen: readonly T[];
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (values: readonly T[]) => void;
}

/** Several values of one filter. */
function Choice<T extends string>({ name, chosen, options, onChange }: ChoiceProps<T>) {
  if (options.length === 0) return null;
  const count = chosen.length === 0 ? "" : `: ${chosen.length === 1 ? (chosen[0] ?? "") : chosen.length}`;
  return (
    <Menu
      align="start"
      trigger={
        <Button
          icon={<ListFilter size={14} aria-hidden="true" />}
          className={chosen.length > 0 ? "border-accent text-accent" : ""}
        >
          {name}
          {count}
        </Button>
      }
    >
      {options.map(([value, word]) => (
        <MenuChoice
          key={value}
          isChecked={chosen.includes(value)}
          onToggle={(isChecked) => onChange(isChecked ? [...chosen, value] : chosen.filter((other) => other !== value))}
        >
          {word}
        </MenuChoice>
      ))}
    </Menu>
  );
}
