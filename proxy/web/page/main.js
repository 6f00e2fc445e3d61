document.title = "smtpscope";
