// The lab's Java client (JNDI): takes one connection through the steps named on its command line.
//
//   Client URL STEP...
//   steps: starttls | stoptls | bind DN PASSWORD | sasl MECHANISMS USER PASSWORD QOP | anonymous
//          search BASE FILTER ATTRIBUTES | compare DN ATTRIBUTE VALUE | replace DN ATTRIBUTE VALUE | unicodepwd DN VALUE
//
// A context made without credentials connects and binds only when it has to.
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Hashtable;
import java.util.List;
import javax.naming.Context;
import javax.naming.directory.BasicAttribute;
import javax.naming.directory.DirContext;
import javax.naming.directory.ModificationItem;
import javax.naming.directory.SearchControls;
import javax.naming.ldap.InitialLdapContext;
import javax.naming.ldap.StartTlsRequest;
import javax.naming.ldap.StartTlsResponse;

public final class Client {
    private InitialLdapContext context;
    private StartTlsResponse tls;

    public static void main(String[] arguments) throws Exception {
        var words = new ArrayDeque<>(List.of(arguments));
        var client = new Client();
        client.connect(words.pop());
        try {
            while (!words.isEmpty()) {
                client.step(words.pop(), words);
            }
        } finally {
            client.context.close();
        }
    }

    private void connect(String url) throws Exception {
        var environment = new Hashtable<String, Object>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.ldap.LdapCtxFactory");
        environment.put(Context.PROVIDER_URL, url);
        environment.put("java.naming.ldap.version", "3");
        environment.put("java.naming.ldap.attributes.binary", "unicodePwd");
        context = new InitialLdapContext(environment, null);
    }

    private void step(String verb, ArrayDeque<String> words) throws Exception {
        switch (verb) {
            case "starttls" -> {
                tls = (StartTlsResponse) context.extendedOperation(new StartTlsRequest());
                tls.negotiate();
            }
            case "stoptls" -> tls.close();
            case "bind" -> authenticate("simple", words.pop(), words.pop());
            case "sasl" -> {
                String mechanisms = words.pop(), user = words.pop(), password = words.pop();
                context.addToEnvironment("javax.security.sasl.qop", words.pop());
                // RC4 with 56 bits rather than 3DES, which Cyrus no longer has.
                context.addToEnvironment("javax.security.sasl.strength", "medium,low");
                authenticate(mechanisms, user, password);
            }
            case "anonymous" -> context.reconnect(null);
            case "search" -> search(words.pop(), words.pop(), words.pop());
            case "compare" -> compare(words.pop(), words.pop(), words.pop());
            case "replace" -> replace(words.pop(), words.pop(), words.pop());
            case "unicodepwd" -> replace(words.pop(), "unicodePwd",
                ('"' + words.pop() + '"').getBytes(StandardCharsets.UTF_16LE));
            default -> throw new IllegalArgumentException("no such step: " + verb);
        }
    }

    private void authenticate(String how, String user, String password) throws Exception {
        context.addToEnvironment(Context.SECURITY_AUTHENTICATION, how);
        context.addToEnvironment(Context.SECURITY_PRINCIPAL, user);
        context.addToEnvironment(Context.SECURITY_CREDENTIALS, password);
        context.reconnect(null);
    }

    private void search(String base, String filter, String attributes) throws Exception {
        var controls = new SearchControls();
        controls.setSearchScope(SearchControls.SUBTREE_SCOPE);
        controls.setReturningAttributes(attributes.split(","));
        var found = context.search(base, filter, controls);
        while (found.hasMore()) {
            System.out.println(found.next().getNameInNamespace());
        }
    }

    // JNDI sends a compare for a search of scope base, one equality and no attributes.
    private void compare(String dn, String attribute, String value) throws Exception {
        var controls = new SearchControls();
        controls.setSearchScope(SearchControls.OBJECT_SCOPE);
        controls.setReturningAttributes(new String[0]);
        System.out.println(context.search(dn, "(" + attribute + "={0})", new Object[] {value}, controls).hasMore());
    }

    private void replace(String dn, String attribute, Object value) throws Exception {
        var change = new ModificationItem(DirContext.REPLACE_ATTRIBUTE, new BasicAttribute(attribute, value));
        context.modifyAttributes(dn, new ModificationItem[] {change});
    }
}
