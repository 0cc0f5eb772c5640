import { useSearchParams } from "wouter";

/**
 * Whether the dialog of that name is open, how to close it, and its value: it stands in the address, so that
 * anything can link to it and Back closes it.
 */
export function useDialogParam(name: string): readonly [isOpen: boolean, close: () => void, value: string] {
  const [params, setParams] = useSearchParams();
  const close = (): void => {
    setParams(
      (present) => {
        present.delete(name);
        return present;
      },
      { replace: true },
    );
  };
  return [params.has(name), close, params.get(name) ?? ""];
}
