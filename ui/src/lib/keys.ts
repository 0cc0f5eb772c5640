/** What a thing of the cluster is found by where only its namespace and name are told. */
export function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
