import { useSearchParams } from "wouter";

/** Opens the dialog of that name by the address, as `useDialogParam` reads it. */
export function useOpenDialog(): (name: string, value?: string) => void {
  const [, setParams] = useSearchParams();
  return (name, value = "") => {
    setParams((present) => {
      present.set(name, value);
      return present;
    });
  };
}
