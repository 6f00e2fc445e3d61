# SPDX-License-Identifier: MIT
# Perl's Net::SMTP, for the tests of peers and audit:
# perl send.pl HOW HOST PORT NAME CA FROM TO[,TO] MESSAGE USER PASSWORD
# CA is a file, `default` for the machine's roots, or `none` for a client that checks nothing.
use strict;
use warnings;
use Net::SMTP;

my ($how, $host, $port, $name, $ca, $from, $to, $message, $user, $password) = @ARGV;
my %tls = $ca eq 'none' ? (SSL_verify_mode => 0)
    : $ca eq 'default' ? () : (SSL_ca_file => $ca, SSL_verify_mode => 1);
my $implicit = $how eq 'implicit';
my $smtp = Net::SMTP->new($host, Port => $port, Hello => $name, Timeout => 60, SSL => $implicit,
    $implicit ? %tls : ()) or die "connect: $@";
if ($how eq 'starttls') {
    $smtp->starttls(%tls) or die 'starttls: ' . $smtp->message;
}
if ($user ne '') {
    $smtp->auth($user, $password) or die 'auth: ' . $smtp->message;
}
open(my $file, '<:raw', $message) or die $!;
my @lines = <$file>;
s/\r\n\z/\n/ for @lines; # Net::SMTP makes each line end a CRLF
$smtp->mail($from) && $smtp->to(split(/,/, $to)) && $smtp->data() && $smtp->datasend(\@lines) && $smtp->dataend()
    or die 'send: ' . $smtp->message;
$smtp->quit;
