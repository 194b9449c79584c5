import com.github.yitter.contract.IdGeneratorOptions;
import com.github.yitter.idgen.YitIdHelper;
import java.util.Arrays;
import java.util.function.LongSupplier;
import me.ahoo.cosid.segment.DefaultSegmentId;
import me.ahoo.cosid.segment.IdSegmentDistributor;
import me.ahoo.cosid.segment.SegmentChainId;
import me.ahoo.cosid.snowflake.MillisecondSnowflakeId;

/**
 * Prints a line of JSON for each generator of CosId, and for yitter's: nanoseconds an ID and how often two threads got the same one.
 * The segments come out of memory: a database would be asked once for thousands of IDs.
 *
 *     java -cp CLASSPATH rivals.java BURSTS IDS
 */
final class Rivals {
  /** As in main.go and rival-process.ts. */
  private static final int BURST = 200;
  private static final int THREADS = 2;
  private static final int DEAREST_PERCENT = 2;
  private static final long REPEAT_LIMIT_NANOS = 10_000_000_000L;
  private static final long PAUSE_NANOS = 1_000_000;
  private static final long STEP = 100_000;
  private static final String BY_SEGMENT = "while the store that gives segments loses nothing";
  private static final String BY_NUMBER = "while all generators have different numbers, and clocks go forward";

  public static void main(String[] words) throws InterruptedException {
    int bursts = Integer.parseInt(words[0]);
    int ids = Integer.parseInt(words[1]);
    DefaultSegmentId segment = new DefaultSegmentId(new IdSegmentDistributor.Atomic(STEP));
    SegmentChainId chain = new SegmentChainId(new IdSegmentDistributor.Atomic(STEP));
    MillisecondSnowflakeId snowflake = new MillisecondSnowflakeId(1);
    // Its default, 6, is 59 IDs a millisecond, which a burst would wait for.
    IdGeneratorOptions options = new IdGeneratorOptions((short) 1);
    options.SeqBitLength = 10;
    YitIdHelper.setIdGenerator(options);
    tell("CosId SegmentId v2.10.1", BY_SEGMENT, segment::generate, bursts, ids);
    tell("CosId SegmentChainId v2.10.1", BY_SEGMENT, chain::generate, bursts, ids);
    tell("CosId SnowflakeId v2.10.1", BY_NUMBER, snowflake::generate, bursts, ids);
    tell("yitter v1.0.6, 10 bits a millisecond", BY_NUMBER, YitIdHelper::nextId, bursts, ids);
    // Its threads that fetch segments ahead would keep the process.
    System.exit(0);
  }

  private static void tell(String name, String promise, LongSupplier next, int bursts, int ids)
      throws InterruptedException {
    // The compiler of the JVM has seen it all before it counts.
    nanos(next, bursts);
    double nanos = nanos(next, bursts);
    long[] made = made(next, ids);
    System.out.printf(
        "{\"name\":\"Java %s\",\"form\":\"number\",\"promise\":\"%s\",\"nanos\":%s,\"made\":%d,\"repeats\":%d}%n",
        name, promise, nanos, made.length, repeats(made));
  }

  private static double nanos(LongSupplier next, int bursts) {
    double[] found = new double[bursts];
    long sum = 0;
    for (int i = 0; i < bursts; i += 1) {
      for (long until = System.nanoTime() + PAUSE_NANOS; System.nanoTime() < until; ) Thread.onSpinWait();
      long begin = System.nanoTime();
      for (int k = 0; k < BURST; k += 1) sum += next.getAsLong();
      found[i] = (System.nanoTime() - begin) / (double) BURST;
    }
    if (sum == 0) throw new IllegalStateException("it made no IDs");
    Arrays.sort(found);
    return Arrays.stream(found, 0, bursts - bursts * DEAREST_PERCENT / 100).average().orElseThrow();
  }

  private static long[] made(LongSupplier next, int ids) throws InterruptedException {
    long[][] parts = new long[THREADS][ids / THREADS];
    int[] counts = new int[THREADS];
    Thread[] threads = new Thread[THREADS];
    long limit = System.nanoTime() + REPEAT_LIMIT_NANOS;
    for (int t = 0; t < THREADS; t += 1) {
      int me = t;
      threads[t] =
          new Thread(
              () -> {
                long[] part = parts[me];
                int count = 0;
                while (count < part.length && System.nanoTime() < limit) part[count++] = next.getAsLong();
                counts[me] = count;
              });
      threads[t].start();
    }
    for (Thread thread : threads) thread.join();
    long[] all = Arrays.copyOf(parts[0], counts[0] + counts[1]);
    System.arraycopy(parts[1], 0, all, counts[0], counts[1]);
    return all;
  }

  private static int repeats(long[] all) {
    Arrays.sort(all);
    int found = 0;
    for (int i = 1; i < all.length; i += 1) if (all[i] == all[i - 1]) found += 1;
    return found;
  }
}
