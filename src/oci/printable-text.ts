// Text that strangers wrote (annotations, media types, messages of a registry), made safe to show on a terminal.

/** C0, DEL and C1 move the cursor or recolour the screen; the others turn or hide the text around them. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Control and formatting characters become `\u{1b}`; what is longer than `limit` characters is cut, with an ellipsis of dots. */
export function printableText(text: string, limit = Number.POSITIVE_INFINITY): string {
  const cut = text.length > limit ? `${text.slice(0, Math.max(0, limit - 3))}...` : text;
  return cut.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
