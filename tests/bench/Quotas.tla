---- MODULE Quotas ----
\* The scope `quotas` of the model: one user with up to its quota of each kind. Items of a kind are
\* interchangeable, so the state holds only their number.
EXTENDS Naturals, Sequences
VARIABLES exists, held
Quota == <<1, 2, 2, 5, 2, 8, 3, 10, 10>>
Init == exists = FALSE /\ held = <<0, 0, 0, 0, 0, 0, 0, 0, 0>>
Create == ~exists /\ exists' = TRUE /\ UNCHANGED held
Delete == exists /\ (\A kind \in 1..9 : held[kind] = 0) /\ exists' = FALSE /\ UNCHANGED held
Attach(kind) == exists /\ held[kind] < Quota[kind] /\ held' = [held EXCEPT ![kind] = @ + 1] /\ UNCHANGED exists
Detach(kind) == exists /\ held[kind] > 0 /\ held' = [held EXCEPT ![kind] = @ - 1] /\ UNCHANGED exists
Next == Create \/ Delete \/ \E kind \in 1..9 : Attach(kind) \/ Detach(kind)
Spec == Init /\ [][Next]_<<exists, held>>
====
