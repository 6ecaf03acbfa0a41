#!/bin/sh
# `processor` beside processor.service: runs one command as the service's user and with its secrets, which
# LoadCredential gives to the daemon alone.  As root:
#   install -m 0755 /opt/processor/docs/operate/processor.sh /usr/local/bin/processor
# Each LoadCredential of the unit stands here, too.  Who calls is recorded by their own name.
set -eu
if [ -t 0 ] && [ -t 1 ]; then way=--pty; else way=--pipe; fi
exec systemd-run --quiet --collect --wait "$way" \
  --property=User=processor --property=Group=processor --property=UMask=0077 \
  --property=StateDirectory=processor --property=StateDirectoryMode=0700 \
  --property=LoadCredential=key:/etc/processor/secrets/key \
  --property=LoadCredential=mailbox:/etc/processor/secrets/mailbox \
  --working-directory=/var/lib/processor \
  --setenv=PROCESSOR_CONFIG=/etc/processor/config.toml --setenv=SUDO_USER="${SUDO_USER:-${USER:-root}}" \
  /opt/processor/.venv/bin/processor "$@"
