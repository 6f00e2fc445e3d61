// SPDX-License-Identifier: MIT
// net/smtp of Go: send FORM HOST PORT FROM TO[,TO] MESSAGE USER PASSWORD
// FORM: sendmail (smtp.SendMail), unverified (the same steps with InsecureSkipVerify).
package main

import (
	"crypto/tls"
	"fmt"
	"net/smtp"
	"os"
	"strings"
)

func unverified(address, host string, auth smtp.Auth, from string, to []string, text []byte) error {
	client, err := smtp.Dial(address)
	if err != nil {
		return err
	}
	defer client.Close()
	config := &tls.Config{ServerName: host, InsecureSkipVerify: true}
	if err := client.StartTLS(config); err != nil {
		return err
	}
	if err := client.Auth(auth); err != nil {
		return err
	}
	if err := client.Mail(from); err != nil {
		return err
	}
	for _, one := range to {
		if err := client.Rcpt(one); err != nil {
			return err
		}
	}
	writer, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := writer.Write(text); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return client.Quit()
}

func main() {
	form, host, port, from, to := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	text, err := os.ReadFile(os.Args[6])
	auth := smtp.PlainAuth("", os.Args[7], os.Args[8], host)
	send := smtp.SendMail
	if form == "unverified" {
		send = func(address string, auth smtp.Auth, from string, to []string, text []byte) error {
			return unverified(address, host, auth, from, to, text)
		}
	}
	if err == nil {
		err = send(host+":"+port, auth, from, strings.Split(to, ","), text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
