---- MODULE Quotas ----
\* One user, every kind up to its quota, as the scope `quotas` of the model has it: a kind is a number of alike items.
EXTENDS Naturals, Sequences
VARIABLES there, held
Most == <<1, 2, 2, 5, 2, 8, 3, 10, 10>>
Init == there = FALSE /\ held = <<0, 0, 0, 0, 0, 0, 0, 0, 0>>
Create == ~there /\ there' = TRUE /\ UNCHANGED held
Delete == there /\ (\A kind \in 1..9 : held[kind] = 0) /\ there' = FALSE /\ UNCHANGED held
Attach(kind) == there /\ held[kind] < Most[kind] /\ held' = [held EXCEPT ![kind] = @ + 1] /\ UNCHANGED there
Detach(kind) == there /\ held[kind] > 0 /\ held' = [held EXCEPT ![kind] = @ - 1] /\ UNCHANGED there
Next == Create \/ Delete \/ \E kind \in 1..9 : Attach(kind) \/ Detach(kind)
Spec == Init /\ [][Next]_<<there, held>>
====
