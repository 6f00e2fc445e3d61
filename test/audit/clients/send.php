<?php
// SPDX-License-Identifier: MIT
// PHPMailer: php send.php FORM HOW HOST PORT NAME FROM TO[,TO] TEXT USER PASSWORD
// FORM: secure (SMTPSecure is set), auto (SMTPAutoTLS alone, which is the default), unverified (the
// SMTPOptions that PHPMailer's troubleshooting page gives for servers with bad certificates).
use PHPMailer\PHPMailer\PHPMailer;

require '/usr/share/php/libphp-phpmailer/autoload.php';

[, $form, $how, $host, $port, $name, $from, $to, $text, $user, $password] = $argv;
$mail = new PHPMailer(true);
$mail->isSMTP();
$mail->Host = $host;
$mail->Port = (int) $port;
$mail->Helo = $name;
$mail->SMTPAuth = true;
$mail->Username = $user;
$mail->Password = $password;
if ($form !== 'auto') {
    $mail->SMTPSecure = $how === 'implicit' ? PHPMailer::ENCRYPTION_SMTPS : PHPMailer::ENCRYPTION_STARTTLS;
}
if ($form === 'unverified') {
    $mail->SMTPOptions = ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false,
        'allow_self_signed' => true]];
}
try {
    $mail->setFrom($from);
    foreach (explode(',', $to) as $one) {
        $mail->addAddress($one);
    }
    $mail->Subject = 'audit';
    $mail->Body = file_get_contents($text);
    $mail->send();
} catch (Exception $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
