#!/bin/sh
# Start or stop a real Postfix and Dovecot on loopback for the e-mail contract tests. Needs root and the Debian
# packages postfix, dovecot-imapd and dovecot-lmtpd. The system's own configuration is neither read nor changed.
#
#   sh scripts/real_mail.sh start DIR    prints the value for PROOFDESK_REAL_MAIL; DIR must not exist
#   sh scripts/real_mail.sh stop DIR     ends both and deletes DIR
#
# Ports: REAL_MAIL_SMTP (14025), REAL_MAIL_IMAP (14143), REAL_MAIL_LMTP (14024).
set -eu

smtp_port=${REAL_MAIL_SMTP:-14025}
imap_port=${REAL_MAIL_IMAP:-14143}
lmtp_port=${REAL_MAIL_LMTP:-14024}
desk=help@shop.example
customer=ada@example.com

fail() {
    echo "real_mail.sh: $1" >&2
    exit 2
}

write_postfix() {
    mkdir -p "$dir/postfix" "$dir/spool" "$dir/data"
    chown postfix "$dir/data"
    cat > "$dir/postfix/main.cf" <<END
compatibility_level = 3.6
queue_directory = $dir/spool
data_directory = $dir/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.real.invalid
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
virtual_mailbox_domains = shop.example, example.com
virtual_transport = lmtp:inet:127.0.0.1:$lmtp_port
default_transport = error:nothing leaves this machine
alias_maps =
local_recipient_maps =
message_size_limit = 27262976
mailbox_size_limit = 0
maillog_file_prefixes = $dir
maillog_file = $dir/postfix.log
END
    cat > "$dir/postfix/master.cf" <<END
127.0.0.1:$smtp_port inet n - n - - smtpd
pickup    unix  n - n 60  1 pickup
cleanup   unix  n - n -   0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n -   - trivial-rewrite
bounce    unix  - - n -   0 bounce
defer     unix  - - n -   0 bounce
trace     unix  - - n -   0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -   - proxymap
error     unix  - - n -   - error
retry     unix  - - n -   - error
lmtp      unix  - - n -   - lmtp
anvil     unix  - - n -   1 anvil
scache    unix  - - n -   1 scache
postlog   unix-dgram n - n - 1 postlogd
END
}

write_dovecot() {
    mkdir -p "$dir/mail"
    chown nobody "$dir/mail"
    printf '%s:{PLAIN}%s\n%s:{PLAIN}%s\n' "$desk" "$password" "$customer" "$password" > "$dir/users"
    chown dovecot "$dir/users"
    chmod 600 "$dir/users"
    cat > "$dir/dovecot.conf" <<END
base_dir = $dir/run
state_dir = $dir/state
log_path = $dir/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
mail_location = maildir:$dir/mail/%u
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = username_format=%u $dir/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$dir/mail/%u
}
service imap-login {
  inet_listener imap {
    port = $imap_port
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp_port
  }
}
END
}

start() {
    [ "$(id -u)" = 0 ] || fail "start needs root: Postfix and Dovecot change users"
    command -v postfix > /dev/null || fail "postfix is missing: apt-get install --no-install-recommends postfix"
    command -v dovecot > /dev/null || fail "dovecot is missing: apt-get install dovecot-imapd dovecot-lmtpd"
    [ ! -e "$dir" ] || fail "$dir exists already: stop it first, or name another directory"
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    mkdir -p "$dir"
    chmod 755 "$dir"
    write_postfix
    write_dovecot
    dovecot -c "$dir/dovecot.conf" >&2
    postfix -c "$dir/postfix" start >&2 || { stop_both; fail "postfix did not start: see $dir/postfix.log"; }
    printf '{"smtp_port":%s,"imap_port":%s,"password":"%s","desk":"%s","customer":"%s"}\n' \
        "$smtp_port" "$imap_port" "$password" "$desk" "$customer"
}

stop_both() {
    postfix -c "$dir/postfix" stop >&2 || echo "real_mail.sh: postfix was not running" >&2
    doveadm -c "$dir/dovecot.conf" stop >&2 || echo "real_mail.sh: dovecot was not running" >&2
}

[ $# = 2 ] || fail "use: real_mail.sh start|stop DIR"
case $2 in
    /*) dir=$2 ;;
    *) dir=$(pwd)/$2 ;;
esac
case $1 in
    start) start ;;
    stop)
        [ -f "$dir/dovecot.conf" ] || fail "$dir was not made by this script: nothing stopped, nothing deleted"
        stop_both
        rm -rf "$dir"
        ;;
    *) fail "use: real_mail.sh start|stop DIR" ;;
esac
