// The section `auth`: who there is, and how it is shown.
import { z } from 'zod';
import { groupsOfUsers } from './groups-of-users.ts';
import { text } from './value-schemas.ts';

export const authSection = z.strictObject({
  htpasswd: text('a file')
    .optional()
    .describe(
      'File of users and their passwords, as "moorage user add" and "htpasswd -B" write it: bcrypt only. Read again when it changes; relative to the working directory. Unless something says who there is, nobody is asked who they are.',
    ),
  groups: groupsOfUsers
    .prefault('{}')
    .describe(
      'Groups, each with the users in it, for rules about "group:NAME": {team: [anna, bert]}. In the environment, the same as JSON.',
    ),
});
