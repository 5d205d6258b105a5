// Which worker something belongs to, by its name: every process finds the same one, and when one ends only what was its own moves
// (rendezvous hashing).
import type { GroupMember } from './messages.ts';

/** Undefined where there is nobody. */
export function ownerOf(name: string, members: readonly GroupMember[]): GroupMember | undefined {
  let owner: GroupMember | undefined;
  let highest = -1;
  for (const member of members) {
    const weight = weightOf(`${member.place} ${name}`);
    if (weight > highest) [owner, highest] = [member, weight];
  }
  return owner;
}

/** FNV-1a, mixed once more (murmur3's last step): names that differ in their last letter must not all go to one. */
function weightOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
