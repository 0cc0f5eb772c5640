import { useState } from "react";

/** Whether something that was begun is not done yet, and how to begin it. */
export function useBusy(): readonly [isBusy: boolean, run: <T>(act: () => Promise<T>) => Promise<T>] {
  const [isBusy, setIsBusy] = useState(false);
  const run = async <T>(act: () => Promise<T>): Promise<T> => {
    setIsBusy(true);
    try {
      return await act();
    } finally {
      setIsBusy(false);
    }
  };
  return [isBusy, run];
}
