"""What goes along with an export, so that anybody can check it with a shell and sha256sum alone."""

from __future__ import annotations

READ_ME = """\
A ticket of processor, exported as evidence.  Begin with index.html; its first page is the proof of arrival
(the same in plain text: arrival.txt).

  SHA256SUMS       every file of this export:                sha256sum -c SHA256SUMS
  mails/m7.eml     the mail as it came, byte for byte; .headers.txt and .authenticity.txt are taken from it
  decisions/       what was understood, known and decided, with the rule, the rules' version and the model's
  replies/         what was written, what was sent, and what the receiving server said to each attempt;
                   r7.eml is the letter as it left: its SHA-256 stands in the sealed event outbox.attempt
  events/17.json   what happened, as it was sealed;  17.text is its personal text with a salt in front
  chain/           the seals

sh check.sh does all of the following, and with a digest that was kept elsewhere tells whether it is in here:
  sh check.sh [DIGEST]

1. chain/list-3.txt names the events of seal 3, each with the SHA-256 of its file:    sha256sum events/17.json
2. In the line of seal 3 in chain/heads.txt the word after "list" is the SHA-256 of chain/list-3.txt.
3. The SHA-256 of each line of heads.txt (its line end included) stands in the next line, after "previous" or "back".
4. "text" in events/17.json is the SHA-256 of events/17.text.
5. "proof" in the event mail.kept is the SHA-256 of the mail's salt (m7.salt) followed by the mail's SHA-256 in hex:
     printf %s%s "$(cat mails/m7.salt)" "$(sha256sum < mails/m7.eml | cut -c1-64)" | sha256sum

What this shows: these files belong together and have not been changed since the newest seal in here was made.  What it
does not show by itself: that the whole store was not written anew before this export was made.  That is shown by an
anchor, a line that "processor audit anchor" prints and that is kept where nobody with access to the store can change
it: if its digest is the SHA-256 of a line of heads.txt, everything up to that line was there when it was written down.
"processor audit verify --anchor FILE" compares the whole store with all anchors.
"""

CHECK = """\
#!/bin/sh
# Checks this export with sha256sum alone; see README.txt.
cd "$(dirname "$0")" || exit 2
bad=0
fault() { echo "$1"; bad=1; }
digest() { sha256sum | cut -c1-64; }

sha256sum -c --quiet SHA256SUMS || fault "SHA256SUMS: some files are not those that were exported."

for event in events/*.json; do
  [ -f "$event" ] || continue
  id=$(basename "$event" .json)
  line="$id $(digest < "$event")"
  if grep -qs "^$id " chain/list-*.txt; then
    grep -qhx "$line" chain/list-*.txt || fault "Event $id is not the one that was sealed."
  else
    echo "Event $id is not sealed yet."
  fi
  if [ -f "events/$id.text" ]; then
    grep -q "\\"text\\":\\"$(digest < "events/$id.text")\\"" "$event" || fault "The text of event $id was changed."
  fi
done

for list in chain/list-*.txt; do
  [ -f "$list" ] || continue
  number=$(basename "$list" .txt); number=${number#list-}
  grep -q "^seal $number .* list $(digest < "$list") " chain/heads.txt || fault "The list of seal $number was changed."
done

before=""
found=no
[ -f chain/heads.txt ] && while IFS= read -r line; do
  if [ -n "$before" ]; then
    case "$line" in
      *" previous $before "*|*" back $before "*) ;;
      *) fault "${line%% previous*} does not hold the seal before it." ;;
    esac
  fi
  before=$(printf '%s\\n' "$line" | digest)
  if [ "$before" = "$1" ]; then found=${line%% previous*}; fi
done < chain/heads.txt

for mail in mails/*.eml; do
  [ -f "$mail" ] || continue
  proof=$(printf '%s%s' "$(cat "${mail%.eml}.salt")" "$(digest < "$mail")" | digest)
  if grep -qs "$proof" events/*.json; then
    echo "$mail is the mail that was kept."
  elif grep -qs 'proof.*"kind":"mail.kept"' events/*.json; then
    fault "$mail is not the mail that was kept."
  else
    echo "$mail was kept before proofs were written; only the store can check it."
  fi
done

if [ -n "$1" ]; then
  if [ "$found" = no ]; then fault "No line has the digest $1."; else echo "The digest is that of $found."; fi
fi
[ "$bad" = 0 ] && echo "All is as it was sealed."
exit $bad
"""
