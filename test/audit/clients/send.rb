# SPDX-License-Identifier: MIT
# Net::SMTP of Ruby: ruby send.rb FORM HOW HOST PORT NAME FROM TO[,TO] MESSAGE USER PASSWORD
# FORM: always (STARTTLS or nothing), auto (what the library does by itself), unverified.
require 'net/smtp'

form, how, host, port, name, from, to, message, user, password = ARGV
options = { tls: how == 'implicit' }
options[:starttls] = form == 'auto' ? :auto : :always if how == 'starttls'
options[:tls_verify] = false if form == 'unverified'
smtp = Net::SMTP.new(host, port.to_i, **options)
smtp.start(helo: name, user: user, secret: password, authtype: :plain) do |session|
  session.send_message(File.binread(message), from, *to.split(','))
end
