// SPDX-License-Identifier: MIT
// A supervisor that kills the writer at any moment: what was answered is there, and no dead token.
#include "tests/inventory/life.hpp"

#include "provisioning/base/text.hpp"

#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace inventory {
namespace {

/// What the writer says through a pipe: what it begins, and how it ended.
struct Word {
    bool is_answer = false;
    Order order;
    Answer answer;
};

class Kill : public InventoryTest {
  protected:
    [[noreturn]] void write_until_killed(int to, unsigned seed) {
        std::mt19937 random(seed);
        auto opened = Inventory::open(path(), limits_, clock_);
        while (opened) {
            Word word{false, random_order(random, clock_.unix_ms()), {}};
            (void)!::write(to, &word, sizeof word);
            word.answer = carry_out(**opened, word.order);
            word.is_answer = true;
            (void)!::write(to, &word, sizeof word);
        }
        ::_exit(1);
    }

    static void wait_us(unsigned most, std::mt19937& random) {
        ::usleep(static_cast<unsigned>(random()) % (most + 1));
    }

    /// The words of a writer that lived for a random while.
    std::vector<Word> live_and_die(std::mt19937& random) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        const auto seed = static_cast<unsigned>(random());
        const auto child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            write_until_killed(ends[1], seed);
        }
        ::close(ends[1]);
        if (random() % 4 != 0) { // else it dies while it opens the database, too
            pollfd readable{ends[0], POLLIN, 0};
            ::poll(&readable, 1, 10'000);
        }
        wait_us(60'000, random);
        EXPECT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status)) << "it could not open the database";
        std::vector<Word> words;
        for (Word word; ::read(ends[0], &word, sizeof word) == sizeof word;) {
            words.push_back(word);
        }
        ::close(ends[0]);
        return words;
    }
};

TEST_F(Kill, AtAnyMomentLosesNothingThatWasAnsweredAndRevivesNoToken) {
    const char* wanted = std::getenv("PNP_KILLS");
    const int rounds =
        wanted != nullptr ? static_cast<int>(base::parse_number(wanted).value_or(40)) : 40;
    std::mt19937 random(20260127);
    Life told;
    std::size_t answers = 0;
    int under_way = 0;
    for (int round = 0; round < rounds; ++round) {
        std::optional<Order> last;
        for (const auto& word : live_and_die(random)) {
            if (!word.is_answer) {
                last = word.order;
                continue;
            }
            last.reset();
            ++answers;
            EXPECT_EQ(told.apply(word.order, word.answer), word.answer.ok)
                << "order " << int{word.order.kind} << " in round " << round;
        }
        under_way += last ? 1 : 0;
        reopen();
        ASSERT_EQ(differs(inventory(), told, last), "") << "round " << round;
        inventory_.reset();
    }
    RecordProperty("answers", static_cast<int>(answers));
    EXPECT_GT(answers, static_cast<std::size_t>(rounds));
    EXPECT_GT(under_way, rounds / 4) << "killed too politely";
}

} // namespace
} // namespace inventory
