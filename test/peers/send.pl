# SPDX-License-Identifier: MIT
# Perl's Net::SMTP, for the peers tests: perl send.pl HOW HOST PORT NAME CA FROM TO MESSAGE USER PASSWORD
use strict;
use warnings;
use Net::SMTP;

my ($how, $host, $port, $name, $ca, $from, $to, $message, $user, $password) = @ARGV;
my %tls = (SSL_ca_file => $ca, SSL_verify_mode => 1);
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
$smtp->mail($from) && $smtp->to($to) && $smtp->data() && $smtp->datasend(\@lines) && $smtp->dataend()
    or die 'send: ' . $smtp->message;
$smtp->quit;
