import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.utils.Utils;

/** Prints, for each line of a file of keys, the partition among 24 that Kafka's own client gives it. */
class Murmur {
    public static void main(String[] args) throws Exception {
        for (String key : Files.readString(Path.of(args[0])).split("\n", -1)) {
            int hash = Utils.murmur2(key.getBytes(StandardCharsets.UTF_8));
            System.out.println(Integer.toUnsignedString(hash) + " " + Utils.toPositive(hash) % 24);
        }
    }
}
