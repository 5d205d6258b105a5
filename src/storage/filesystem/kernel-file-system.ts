// File systems whose files are made up by the kernel as they are read: a read may wait, or have an effect, and sizes say nothing.

/** `f_type` of statfs(2). */
const kernelTypes: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x62656570, // configfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0x6165676c, // pstore
  0xde5e81e4, // efivarfs
  0xcafe4a11, // bpf
  0x0027e0eb, // cgroup
  0x63677270, // cgroup2
  0x1cd1, // devpts
  0x19800202, // mqueue
  0x6e736673, // namespaces
]);

export function isMadeByKernel(fileSystemType: number): boolean {
  return kernelTypes.has(fileSystemType >>> 0);
}
