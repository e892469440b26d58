// SPDX-License-Identifier: MIT
// `dialplan`: what phones are told of the PBX's numbers.
#include "office.hpp"

#include <gmock/gmock.h>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DialplanCommand : public testing::Test {
  protected:
    DialplanCommand() {
        auto reach = office.reach();
        reach.number_plan = [this] {
            return base::Result<std::shared_ptr<const dialplan::NumberPlan>>(
                std::make_shared<const dialplan::NumberPlan>(plan));
        };
        reach.emergency_numbers = [] { return std::vector<std::string>{"112"}; };
        office.commands = std::make_shared<admin::Commands>(std::move(reach));
        plan["phones"].numbers = {{"21"}, {"112"}, {"_2XX"}};
        plan["phones"].includes = {{"out"}};
        plan["out"].numbers = {{"_0."}};
    }

    Office office;
    dialplan::NumberPlan plan;
};

TEST_F(DialplanCommand, ShowsTheMapWhatWaitsAndWhatANumberBecomes) {
    const auto reply = office.run("dialplan phones --vendor panasonic --try 21,211,0");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text,
              "panasonic:\n"
              "  map    112|2xx|21T|0xx.\n"
              "  waits  21: longer numbers begin so\n"
              "         0[x*#+] and longer: whatever follows is taken\n"
              "  keyed  21: calls 21, 5 s after the last key\n"
              "  keyed  211: calls 211, at once\n"
              "  keyed  0: calls 0, 5 s after the last key; it fits no part of the map\n"
              "21 in the PBX: complete, and a longer number begins so (21 in phones)\n"
              "211 in the PBX: complete (_2XX in phones)\n"
              "0 in the PBX: incomplete\n");
}

TEST_F(DialplanCommand, ShowsAllVendorsUnlessOneIsNamed) {
    EXPECT_THAT(office.run("dialplan phones").text,
                AllOf(HasSubstr("htek:\n  map    {112|2xx|[x*#]+}\n"), HasSubstr("panasonic:"),
                      HasSubstr("openstage:\n  map    none\n")));
    EXPECT_THAT(office.run("dialplan phones --vendor htek --block --try 35").text,
                AllOf(HasSubstr("{112|2xx|21+|0[x*#]+}"),
                      HasSubstr("keyed  35: refused by the phone: it fits no part of the map"),
                      Not(HasSubstr("panasonic"))));
}

TEST_F(DialplanCommand, SaysTheSameToMachines) {
    const auto said = office.run("dialplan phones --vendor htek --try 211 --json").text;
    EXPECT_THAT(said,
                AllOf(HasSubstr(R"("context":"phones")"), HasSubstr(R"("calls":"211")"),
                      HasSubstr(R"("map":"{112|2xx|[x*#]+}")"), HasSubstr(R"("says":"complete")")));
}

TEST_F(DialplanCommand, NamesWhatIsWrong) {
    EXPECT_THAT(office.run("dialplan fones").text, HasSubstr("no dial plan context fones"));
    EXPECT_THAT(office.run("dialplan phones --vendor acme").text, HasSubstr("no digit maps"));
    const auto letters = office.run("dialplan phones --try 21,abc");
    EXPECT_EQ(letters.status, 2);
    EXPECT_THAT(letters.text, HasSubstr("'abc' cannot be keyed"));
    Office apart;
    EXPECT_THAT(apart.run("dialplan phones").text, HasSubstr("no dial plan is known here"));
}

} // namespace
