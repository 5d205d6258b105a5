// File systems that answer a stat from a cache of attributes, seconds old: NFS, SMB, 9p, FUSE (Docker Desktop's mounts among
// them). There a reader opens the file, which asks the server, before it believes in its attributes.

/** `f_type` of statfs(2). */
const cachingTypes: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x01021997, // 9p
  0x65735546, // FUSE, virtiofs
  0x00c36400, // Ceph
]);

export function cachesAttributes(fileSystemType: number): boolean {
  return cachingTypes.has(fileSystemType >>> 0);
}
