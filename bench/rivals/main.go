// Prints a line of JSON for each Go library: nanoseconds an ID and how often two goroutines got the same one.
//
//	rivals <bursts> <ids>
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/bwmarrin/snowflake"
	godruoyi "github.com/godruoyi/go-snowflake"
	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"
	"github.com/rs/xid"
	"github.com/sony/sonyflake"
	yitter "github.com/yitter/idgenerator-go/idgen"
)

type rival struct {
	Name    string  `json:"name"`
	Form    string  `json:"form"`
	Promise string  `json:"promise"`
	Nanos   float64 `json:"nanos"`
	Made    int     `json:"made"`
	Repeats int     `json:"repeats"`
	next    func() string
	// Between bursts: longer than the span for which the library numbers its IDs.
	pause time.Duration
}

const (
	// Few enough for every library's limit, so that nobody waits inside a burst.
	burst      = 200
	goroutines = 2
	// Of the bursts, in percent.
	dearest = 2
	// A library that is slower than its share of the IDs is counted as far as it came.
	repeatLimit = 10 * time.Second
	byChance    = "by chance: enough random bits"
	byNumber    = "while all generators have different numbers, which nobody gives them"
)

func main() {
	bursts, _ := strconv.Atoi(os.Args[1])
	ids, _ := strconv.Atoi(os.Args[2])
	node, err := snowflake.NewNode(1)
	must(err)
	sony := sonyflake.NewSonyflake(sonyflake.Settings{MachineID: func() (uint16, error) { return 1, nil }})
	// Its default, 6, is 59 IDs a millisecond, which a burst would wait for.
	options := yitter.NewIdGeneratorOptions(1)
	options.SeqBitLength = 10
	yitter.SetIdGenerator(options)
	godruoyi.SetMachineID(1)
	rivals := []rival{
		{Name: "Go bwmarrin/snowflake v0.3.0", Form: "text", Promise: byNumber, next: func() string { return node.Generate().String() }, pause: 2 * time.Millisecond},
		{Name: "Go sony/sonyflake v1.3.0", Form: "text", Promise: byNumber, next: func() string {
			id, err := sony.NextID()
			must(err)
			return strconv.FormatUint(id, 10)
		}, pause: 21 * time.Millisecond},
		{Name: "Go yitter/idgenerator-go v1.3.3, 10 bits a millisecond", Form: "text", Promise: byNumber, next: func() string { return strconv.FormatInt(yitter.NextId(), 10) }, pause: 2 * time.Millisecond},
		{Name: "Go godruoyi/go-snowflake v0.0.2", Form: "text", Promise: byNumber, next: func() string { return strconv.FormatUint(godruoyi.ID(), 10) }, pause: 2 * time.Millisecond},
		{Name: "Go oklog/ulid v2.1.2", Form: "text", Promise: byChance, next: func() string { return ulid.Make().String() }, pause: time.Millisecond},
		{Name: "Go google/uuid v7 v1.6.0", Form: "text", Promise: byChance, next: func() string { return uuid.Must(uuid.NewV7()).String() }, pause: time.Millisecond},
		{Name: "Go rs/xid v1.6.0", Form: "text", Promise: "by machine, process and counter", next: func() string { return xid.New().String() }, pause: time.Millisecond},
	}
	for _, one := range rivals {
		one.Nanos = nanos(one, bursts)
		one.Made, one.Repeats = repeats(one, ids)
		line, err := json.Marshal(one)
		must(err)
		fmt.Println(string(line))
	}
}

func nanos(one rival, bursts int) float64 {
	// What pauses long gets fewer bursts, so that no library takes minutes.
	if most := int(4 * time.Second / one.pause); bursts > most {
		bursts = most
	}
	found := make([]float64, 0, bursts)
	size := 0
	for i := 0; i < bursts; i++ {
		for until := time.Now().Add(one.pause); time.Now().Before(until); {
		}
		begin := time.Now()
		for k := 0; k < burst; k++ {
			size += len(one.next())
		}
		found = append(found, float64(time.Since(begin).Nanoseconds())/burst)
	}
	if size == 0 {
		panic("empty IDs")
	}
	// A mean, because what fills a pool of randomness pays for many IDs at once; the dearest bursts were interrupted.
	sort.Float64s(found)
	kept := found[:len(found)-len(found)*dearest/100]
	sum := 0.0
	for _, one := range kept {
		sum += one
	}
	return sum / float64(len(kept))
}

func repeats(one rival, ids int) (int, int) {
	parts := make([][]string, goroutines)
	var group sync.WaitGroup
	limit := time.Now().Add(repeatLimit)
	for g := range parts {
		group.Go(func() {
			for len(parts[g]) < ids/goroutines && time.Now().Before(limit) {
				parts[g] = append(parts[g], one.next())
			}
		})
	}
	group.Wait()
	all := make([]string, 0, ids)
	for _, part := range parts {
		all = append(all, part...)
	}
	sort.Strings(all)
	found := 0
	for i := 1; i < len(all); i++ {
		if all[i] == all[i-1] {
			found++
		}
	}
	return len(all), found
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
