import { clsx } from "clsx";
import type { ReactNode } from "react";

interface TableProps {
  /** Read aloud; what is seen says it already. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ReactNode[] }[];
}

/** The first cell names the row, all others are numbers. On a phone it scrolls sideways. */
export function Table({ caption, columns, rows }: TableProps) {
  return (
    <div role="group" aria-label={caption} tabIndex={0} className="overflow-x-auto">
      <table className="tabular w-full text-sm">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-b border-edge">
            {columns.map((name, place) => (
              <th
                key={name}
                scope="col"
                className={clsx("label px-2 py-1.5", place === 0 ? "pl-0 text-left" : "text-right")}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells: [name, ...numbers] }) => (
            <tr key={key} className="border-b border-line">
              <th scope="row" className="min-w-32 px-2 py-1.5 pl-0 text-left font-normal">
                {name}
              </th>
              {numbers.map((cell, place) => (
                <td key={columns[place + 1]} className="px-2 py-1.5 text-right font-mono whitespace-nowrap">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
