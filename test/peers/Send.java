// SPDX-License-Identifier: MIT
// JavaMail, for the tests of peers and audit:
// java -cp javax.mail.jar Send.java HOW HOST PORT NAME FROM TO[,TO] MESSAGE USER PASSWORD
// The trust store comes by -Djavax.net.ssl.trustStore; -Dmail.smtp.… replaces what is set here; no
// authentication where USER is empty.
import java.io.FileInputStream;
import java.util.Properties;
import javax.mail.Session;
import javax.mail.Transport;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeMessage;

public class Send {
    public static void main(String[] words) throws Exception {
        String protocol = words[0].equals("implicit") ? "smtps" : "smtp";
        Properties properties = new Properties();
        String prefix = "mail." + protocol;
        properties.put(prefix + ".starttls.required", String.valueOf(words[0].equals("starttls")));
        properties.put(prefix + ".starttls.enable", String.valueOf(words[0].equals("starttls")));
        properties.put(prefix + ".ssl.checkserveridentity", "true");
        properties.put(prefix + ".localhost", words[3]);
        properties.put(prefix + ".from", words[4]);
        boolean logsIn = !words[7].isEmpty();
        properties.put(prefix + ".auth", String.valueOf(logsIn));
        properties.putAll(System.getProperties());
        Session session = Session.getInstance(properties);
        MimeMessage message = new MimeMessage(session, new FileInputStream(words[6]));
        Transport transport = session.getTransport(protocol);
        transport.connect(words[1], Integer.parseInt(words[2]), logsIn ? words[7] : null,
            logsIn ? words[8] : null);
        transport.sendMessage(message, InternetAddress.parse(words[5]));
        transport.close();
    }
}
