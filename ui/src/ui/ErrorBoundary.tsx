import { Component, type ReactNode } from "react";

import { Problem } from "@/api/problem";

import { ProblemNote } from "./States";

interface Props {
  /** What failed, as in "The systems strip". */
  readonly part: string;
  readonly children: ReactNode;
}

interface State {
  readonly error: Error | null;
}

/** An error in one part does not blank the page: the part says so, and can be tried again. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const problem = new Problem("internal", `${this.props.part} cannot be shown`, error.message, 0);
    return <ProblemNote problem={problem} onRetry={() => this.setState({ error: null })} />;
  }
}
